using System.Text.Json;

namespace Podvirt.LoadTest.Proxies;

/// <summary>What the one simulated engine of a Podvirt says of the requests that it got, on the monotonic clock.</summary>
internal sealed class EngineTimeline(string data)
{
    private static readonly HttpClient s_client = new(new SocketsHttpHandler { UseProxy = false });

    public async Task<IReadOnlyList<EngineSpan>> ReadAsync()
    {
        var file = Directory.EnumerateFiles(Path.Combine(data, "replicas"), "*.json").Single();
        using var replica = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        using var timeline = JsonDocument.Parse(await s_client.GetStringAsync($"{replica.RootElement.GetProperty("address").GetString()}/sim/timeline"));
        return [.. timeline.RootElement.GetProperty("requests").EnumerateArray().Select(request => new EngineSpan(
            request.GetProperty("path").GetString()!, request.GetProperty("began_ns").GetInt64(), request.GetProperty("ended_ns").GetInt64()))];
    }
}

/// <summary>One request at the engine. Nanoseconds on the monotonic clock.</summary>
internal sealed record EngineSpan(string Path, long Began, long Ended);
