using System.Text.Json;

namespace Podvirt.LoadTest.Proxies;

/// <summary>What a simulated engine says of the requests that it got, on the monotonic clock.</summary>
internal sealed class EngineTimeline(Func<Task<string>> address)
{
    private static readonly HttpClient s_client = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>Of the one engine of a Podvirt that runs it itself.</summary>
    /// <param name="data">That Podvirt's data folder.</param>
    public static EngineTimeline Of(string data) => new(async () =>
    {
        var file = Directory.EnumerateFiles(Path.Combine(data, "replicas"), "*.json").Single();
        using var replica = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        return replica.RootElement.GetProperty("address").GetString()!;
    });

    public async Task<IReadOnlyList<EngineSpan>> ReadAsync()
    {
        using var timeline = JsonDocument.Parse(await s_client.GetStringAsync($"{await address()}/sim/timeline"));
        return [.. timeline.RootElement.GetProperty("requests").EnumerateArray().Select(request => new EngineSpan(
            request.GetProperty("path").GetString()!, request.GetProperty("began_ns").GetInt64(), request.GetProperty("ended_ns").GetInt64()))];
    }
}

/// <summary>One request at the engine. Nanoseconds on the monotonic clock.</summary>
internal sealed record EngineSpan(string Path, long Began, long Ended);
