using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>curl, as one would call it in a shell: <c>-N</c> for streams, <c>--fail-with-body</c> so that a refusal is an exit code.</summary>
internal sealed class CurlClient : IApiClient
{
    private static readonly Dictionary<string, CurlSurface> s_surfaces = CurlSurface.All.ToDictionary(s => s.Name);

    public string Name => "`curl`";

    public IReadOnlyDictionary<string, Way[]> Surfaces { get; } = s_surfaces.ToDictionary(s => s.Key, s => s.Value.Ways);

    public async Task<Seen> CallAsync(Call call, Action told)
    {
        var surface = s_surfaces[call.Surface];
        using var watch = new Watch(call, told);
        using var curl = Process.Start(Start(surface, call))!;
        await using var leaving = watch.Leaving.Register(curl.Kill);
        var problem = curl.StandardError.ReadToEndAsync();
        string? error = null;
        if (surface.SoundOf is not null && call.Way == Way.Plain)
        {
            error = await TakeBytesAsync(curl.StandardOutput.BaseStream, watch);
        }
        else if (call.Way == Way.Plain)
        {
            error = TakePlain(surface, await curl.StandardOutput.ReadToEndAsync(), watch);
        }
        else
        {
            while (await curl.StandardOutput.ReadLineAsync() is { } line)
            {
                error ??= TakeLine(surface, line, watch);
            }
        }
        await curl.WaitForExitAsync();
        var said = await problem;
        if (watch.Leaving.IsCancellationRequested || (error is null && curl.ExitCode == 0))
        {
            return watch.Ended();
        }
        return watch.Ended(Explain(curl.ExitCode, said, error));
    }

    private static ProcessStartInfo Start(CurlSurface surface, Call call)
    {
        var start = new ProcessStartInfo("curl", ["-sS", "--fail-with-body", "-w", "%{stderr}status=%{http_code}", new Uri(call.BaseAddress, surface.Path).ToString(),
            "-H", $"Authorization: Bearer {call.Key}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (call.Way == Way.Stream)
        {
            start.ArgumentList.Add("-N");
        }
        if (surface.BodyOf is { } bodyOf)
        {
            var body = bodyOf(call);
            body["model"] = call.Model;
            foreach (var argument in (string[])["-H", "Content-Type: application/json", "-d", body.ToJsonString()])
            {
                start.ArgumentList.Add(argument);
            }
        }
        return start;
    }

    // Returns the body if it is an error.
    private static async Task<string?> TakeBytesAsync(Stream output, Watch watch)
    {
        using var body = new MemoryStream();
        await output.CopyToAsync(body);
        if (body.Length > 0 && body.GetBuffer()[0] == '{')
        {
            return Encoding.UTF8.GetString(body.ToArray());
        }
        watch.Saw(body.ToArray());
        return null;
    }

    // Returns the body if it is an error.
    private static string? TakePlain(CurlSurface surface, string output, Watch watch)
    {
        JsonObject? reply = null;
        try
        {
            reply = JsonNode.Parse(output) as JsonObject;
        }
        catch (JsonException)
        {
            // Said by the exit code and the status.
            return output;
        }
        if (reply is null || reply["error"] is JsonObject)
        {
            return output;
        }
        watch.Saw(surface.TextOf(reply));
        watch.Usage = surface.UsageOf(reply);
        return null;
    }

    // Returns the line if it is an error.
    private static string? TakeLine(CurlSurface surface, string line, Watch watch)
    {
        var data = line.StartsWith("data: {", StringComparison.Ordinal) ? line["data: ".Length..] : line.StartsWith('{') ? line : null;
        if (data is null)
        {
            return null;
        }
        var chunk = JsonNode.Parse(data)!.AsObject();
        if (chunk["error"] is JsonObject)
        {
            return data;
        }
        if (surface.SoundOf?.Invoke(chunk) is { } sound)
        {
            watch.Saw(sound);
        }
        watch.Saw(surface.PartOf!(chunk));
        watch.Usage = surface.UsageOf(chunk) ?? watch.Usage;
        return null;
    }

    private static Failure Explain(int exitCode, string said, string? error)
    {
        var status = int.Parse(said[(said.LastIndexOf('=') + 1)..], CultureInfo.InvariantCulture);
        var inBody = error is null ? null : JsonNode.Parse(error)!["error"];
        return new Failure(exitCode == 0 ? "data: {\"error\"…}" : $"exit code {exitCode}", status, (string?)inBody?["code"], (string?)inBody?["message"] ?? said);
    }
}
