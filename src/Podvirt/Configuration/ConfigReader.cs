using Podvirt.Core.Models;

namespace Podvirt.Configuration;

/// <summary>
/// Text → <see cref="PodvirtConfig"/>, or every error at once. Pure but for the two questions that it hands on:
/// whether an environment variable is set.
/// </summary>
internal static class ConfigReader
{
    private const string TopExample = "models: […] and its neighbours";

    /// <param name="text">The file's content.</param>
    /// <param name="file">Its name, as errors show it.</param>
    /// <param name="environment">Looks an environment variable up.</param>
    /// <exception cref="PodvirtConfigException">At least one error.</exception>
    public static PodvirtConfig Read(string text, string file, Func<string, string?> environment)
    {
        var findings = new ConfigFindings(file);
        var root = YamlTree.Read(text, findings);
        var config = new PodvirtConfig();
        if (root is null)
        {
            if (!findings.HasErrors)
            {
                findings.Error(1, "", "the file is empty", "list at least one model under 'models'");
            }
        }
        else if (MapReader.Open(root, "", findings, TopExample) is { } top)
        {
            config = ReadTop(top, findings, environment);
        }
        return findings.HasErrors ? throw new PodvirtConfigException(findings.Errors) : config with { Warnings = findings.Warnings };
    }

    private static PodvirtConfig ReadTop(MapReader top, ConfigFindings findings, Func<string, string?> environment)
    {
        var models = ReadModels(top, findings, environment);
        var config = new PodvirtConfig
        {
            Models = models,
            Plans = PlanReader.Read(top, models, findings),
            Gpus = GpuReader.Read(top, findings),
            Limits = ReadLimits(top),
            Gateway = GatewayReader.Read(top),
            Videos = VideosReader.Read(top, environment),
            Metering = MeteringReader.Read(top),
            Billing = BillingReader.Read(top, findings),
            Scheduler = SchedulerReader.Read(top),
            Console = ConsoleReader.Read(top, environment),
            Cluster = ClusterReader.Read(top, environment),
            PublicUrl = ReadPublicUrl(top),
            CorsOrigins = ReadCors(top),
        };
        top.Close();
        GpuReader.WarnWhereNothingFits(config, top);
        return config;
    }

    private static List<ModelSpec> ReadModels(MapReader top, ConfigFindings findings, Func<string, string?> environment)
    {
        var models = new List<ModelSpec>();
        var firstLines = new Dictionary<string, int>(StringComparer.Ordinal);
        if (!top.Has("models"))
        {
            top.Error("models", "is missing", "list at least one model: models: [{ id: …, type: chat, engine: { kind: … } }]");
        }
        foreach (var (node, path) in top.TakeList("models", "models: [{ id: …, type: chat, engine: { kind: … } }]"))
        {
            if (MapReader.Open(node, path, findings, "{ id: …, type: chat, engine: { kind: … } }") is not { } map)
            {
                continue;
            }
            var model = ModelReader.Read(map, environment);
            if (model.Id.Length > 0 && !firstLines.TryAdd(model.Id, map.LineOf("id")))
            {
                map.Error("id", $"'{model.Id}' is taken by the model on line {firstLines[model.Id]}", "give each model its own id");
            }
            models.Add(model);
        }
        return models;
    }

    private static Limits ReadLimits(MapReader top)
    {
        var defaults = new Limits();
        if (top.TakeMap("limits", "limits: { max_wait: 10m }") is not { } map)
        {
            return defaults;
        }
        var limits = new Limits
        {
            MaxBodyBytes = map.TakeMemory("max_body", 1L << 10, 1L << 30) ?? defaults.MaxBodyBytes,
            ParkedRequests = map.TakeWhole("parked_requests", defaults.ParkedRequests, 0, 1_000_000),
            ParkedBytes = map.TakeMemory("parked_bytes", 0, 64L << 30) ?? defaults.ParkedBytes,
            MaxWait = map.TakeDuration("max_wait", TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)) ?? defaults.MaxWait,
            Drain = map.TakeDuration("drain", TimeSpan.Zero, TimeSpan.FromHours(1)) ?? defaults.Drain,
            ReservePrompt = map.TakeWhole("reserve_prompt", defaults.ReservePrompt, 1, 1_000_000),
            ReserveCompletion = map.TakeWhole("reserve_completion", defaults.ReserveCompletion, 1, 1_000_000),
        };
        map.Close();
        if (limits.ParkedBytes < limits.MaxBodyBytes)
        {
            map.Warn(
                "parked_bytes",
                $"{Quantities.FormatMemory(limits.ParkedBytes)} is less than max_body, {Quantities.FormatMemory(limits.MaxBodyBytes)}",
                "the largest requests are refused while their model is cold");
        }
        return limits;
    }

    private static Uri? ReadPublicUrl(MapReader top)
    {
        if (top.TakeText("public_url") is not { } text)
        {
            return null;
        }
        if (TryParseOrigin(text, out var url))
        {
            return url;
        }
        top.Error("public_url", $"'{text}' is not the address of a server", "write scheme and host without a path, such as https://inference.example.com");
        return null;
    }

    private static List<string> ReadCors(MapReader top)
    {
        var origins = new List<string>();
        if (top.TakeMap("cors", "cors: { origins: [\"https://app.example.com\"] }") is not { } map)
        {
            return origins;
        }
        foreach (var text in map.TakeTexts("origins", "[\"https://app.example.com\"]"))
        {
            if (text == "*")
            {
                origins.Add(text);
            }
            else if (TryParseOrigin(text, out var url))
            {
                // Browsers send the origin without a final slash, in lower case, and without a default port.
                origins.Add(url.GetLeftPart(UriPartial.Authority));
            }
            else
            {
                map.Error("origins", $"'{text}' is not an origin", "write scheme and host without a path, such as https://app.example.com, or \"*\"");
            }
        }
        map.Close();
        return origins;
    }

    /// <summary>Scheme and host, no path.</summary>
    public static bool TryParseOrigin(string text, out Uri url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url!)
        && url.Scheme is "http" or "https"
        && url is { AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" };
}
