using System.Globalization;
using Podvirt.Core.Models;

namespace Podvirt.Configuration;

/// <summary>One entry of <c>models</c>.</summary>
internal static class ModelReader
{
    private const int IdLengthMax = 200;
    private const int NameLengthMax = 200;
    private const int PriceDecimalsMax = 6;

    /// <summary>Dearer than any model ever sold; a higher number is a slip of units.</summary>
    private const decimal PriceMax = 1_000_000m;

    private static readonly TimeSpan _idleMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _idleMax = TimeSpan.FromDays(30);

    public static ModelSpec Read(MapReader map, Func<string, string?> environment)
    {
        var id = ReadId(map);
        var type = ReadType(map);
        var engine = EngineReader.Read(map, id, environment);
        var external = engine.Kind == EngineKind.External;
        var model = new ModelSpec
        {
            Id = id,
            Vendor = ReadLabel(map, "vendor") ?? "",
            Name = ReadLabel(map, "name") ?? id,
            Type = type,
            Engine = engine,
            Gpu = ReadGpu(map, external),
            Replicas = ReadReplicas(map, external),
            Idle = ReadIdle(map, external),
            Price = ReadPrice(map),
            Video = VideoSpecReader.Read(map, type),
        };
        map.Close();
        return model;
    }

    private static string ReadId(MapReader map)
    {
        var id = map.TakeRequiredText("id", "give the model the name that clients send, such as qwen3-8b");
        var legal = id.Length <= IdLengthMax
            && id.Split('/').All(part => part.Length > 0 && part is not ("." or "..") && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '@' or '+'));
        if (id.Length > 0 && !legal)
        {
            map.Error("id", $"'{id}' is not allowed", $"use letters, digits and - _ . : @ +, with / between parts, at most {IdLengthMax} characters");
        }
        return id;
    }

    private static ModelType ReadType(MapReader map)
    {
        var allowed = string.Join(", ", ModelTypes.All);
        var text = map.TakeRequiredText("type", $"choose one of {allowed}");
        if (!ModelTypes.TryParse(text, out var type) && text.Length > 0)
        {
            map.Error("type", $"'{text}' is not a type", $"choose one of {allowed}");
        }
        return type;
    }

    private static string? ReadLabel(MapReader map, string key)
    {
        var text = map.TakeText(key)?.Trim();
        if (text is not null && (text.Length is 0 or > NameLengthMax || text.Any(char.IsControl)))
        {
            map.Error(key, "is empty, too long, or holds control characters", $"write at most {NameLengthMax} characters on one line");
        }
        return text;
    }

    private static GpuNeed ReadGpu(MapReader map, bool external)
    {
        const string Example = "gpu: { count: 1, memory: 20GiB }";
        if (external)
        {
            map.Refuse("gpu", "has no meaning for an external engine, which Podvirt does not place");
            return new GpuNeed(0);
        }
        if (map.TakeMap("gpu", Example) is not { } gpu)
        {
            if (!map.Has("gpu"))
            {
                map.Error("gpu", "is missing", $"say what one replica needs: {Example}");
            }
            return new GpuNeed();
        }
        var count = gpu.TakeWhole("count", fallback: 1, 0, 64);
        var memory = gpu.TakeMemory("memory", 1L << 20, 1L << 50) ?? 0;
        if (count > 0 && !gpu.Has("memory"))
        {
            gpu.Error("memory", "is missing", "say what one replica may hold on each gpu, such as 20GiB: it becomes the engine's own limit");
        }
        gpu.Close();
        return new GpuNeed(count, count == 0 ? 0 : memory);
    }

    private static ReplicaRange ReadReplicas(MapReader map, bool external)
    {
        var defaults = new ReplicaRange();
        if (map.TakeMap("replicas", "replicas: { min: 0, max: 2, concurrency: 64 }") is not { } replicas)
        {
            return defaults;
        }
        if (external)
        {
            replicas.Refuse("min", "has no meaning for an external engine, which Podvirt does not start");
            replicas.Refuse("max", "has no meaning for an external engine, which Podvirt does not start");
        }
        var min = replicas.TakeWhole("min", defaults.Min, 0, 1000);
        var max = replicas.TakeWhole("max", Math.Max(defaults.Max, min), 1, 1000);
        var concurrency = replicas.TakeWhole("concurrency", defaults.Concurrency, 1, 100_000);
        if (max < min)
        {
            replicas.Error("max", $"{max} is below min, which is {min}", $"write {min} or more");
        }
        replicas.Close();
        return new ReplicaRange(min, max, concurrency);
    }

    private static IdleSpec ReadIdle(MapReader map, bool external)
    {
        const string Example = "idle: auto, or idle: { sleep_after: 60s, stop_after: 15m }";
        if (external)
        {
            map.Refuse("idle", "has no meaning for an external engine, which Podvirt does not stop");
            return IdleSpec.Auto;
        }
        var node = map.Take("idle");
        if (node is null or YamlText { Value: "auto" })
        {
            return IdleSpec.Auto;
        }
        if (node is YamlText text)
        {
            map.Error("idle", $"'{text.Value}' is not allowed", $"write {Example}");
            return IdleSpec.Auto;
        }
        if (map.TakeMap("idle", Example) is not { } idle)
        {
            return IdleSpec.Auto;
        }
        var sleepAfter = idle.TakeDuration("sleep_after", _idleMin, _idleMax);
        var stopAfter = idle.TakeDuration("stop_after", _idleMin, _idleMax);
        if (stopAfter < sleepAfter)
        {
            idle.Error("stop_after", "comes before sleep_after, though both count from the last request", "make it the longer of the two");
        }
        idle.Close();
        return new IdleSpec(sleepAfter, stopAfter);
    }

    private static PriceSpec? ReadPrice(MapReader map)
    {
        if (map.TakeMap("price", "price: { prompt: 0.05, cached: 0.01, completion: 0.20 }") is not { } price)
        {
            return null;
        }
        var prompt = ReadAmount(price, "prompt");
        // A cached token that nobody priced costs what any prompt token costs.
        var cached = price.Has("cached") ? ReadAmount(price, "cached") : prompt;
        var completion = ReadAmount(price, "completion");
        decimal? embedding = price.Has("embeddings") ? ReadAmount(price, "embeddings") : null;
        var videoSecond = ReadAmount(price, "video_second", "USD per second of video");
        price.Take("cached");
        price.Take("embeddings");
        price.Close();
        return new PriceSpec(prompt, cached, completion, embedding, videoSecond);
    }

    private static decimal ReadAmount(MapReader price, string key, string unit = "USD per million tokens")
    {
        if (price.TakeText(key) is not { } text)
        {
            return 0;
        }
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var amount))
        {
            price.Error(key, $"'{text}' is not a price", $"write {unit}, such as 0.05");
        }
        else if (amount < 0)
        {
            price.Error(key, $"{text} is negative", "write 0 for what is free");
        }
        else if (amount > PriceMax)
        {
            price.Error(key, $"{text} is too high", $"write {unit}, at most {PriceMax:0}");
        }
        else if (amount.Scale > PriceDecimalsMax)
        {
            price.Error(key, $"{text} has more than {PriceDecimalsMax} decimals", $"round it to {Math.Round(amount, PriceDecimalsMax)}");
        }
        else
        {
            return amount;
        }
        return 0;
    }
}
