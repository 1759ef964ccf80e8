using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Podvirt.LoadTest.Proxies;

/// <summary>What a running Podvirt says of itself.</summary>
internal sealed partial class PodvirtAdmin(int port, string data)
{
    private static readonly HttpClient s_client = new(new SocketsHttpHandler { UseProxy = false });

    public async Task<RuntimeCounters> ReadCountersAsync()
    {
        var text = await GetAsync("/metrics");
        return new RuntimeCounters(Value(GenerationZero(), text) ?? 0, Value(Allocated(), text));
    }

    /// <summary>How many of a model's replicas take requests.</summary>
    public async Task<int> CountActiveAsync(string model)
    {
        using var document = JsonDocument.Parse(await GetAsync($"/api/models/{model}"));
        return document.RootElement.GetProperty("replicas").GetProperty("active").GetInt32();
    }

    /// <summary>As people read it: <c>Active</c>, <c>Sleeping</c>, …</summary>
    public async Task<string> ReadStatusAsync(string model)
    {
        using var document = JsonDocument.Parse(await GetAsync($"/api/models/{model}"));
        return document.RootElement.GetProperty("status").GetString()!;
    }

    /// <summary>The ledger's records, newest first, at most 10,000.</summary>
    public async Task<IReadOnlyList<LedgerRecord>> ReadLedgerAsync()
    {
        using var document = JsonDocument.Parse(await GetAsync("/api/requests?limit=10000"));
        return [.. document.RootElement.GetProperty("data").EnumerateArray().Select(r => new LedgerRecord(
            r.GetProperty("id").GetString()!, r.GetProperty("outcome").GetString()!, r.GetProperty("completion_tokens").GetInt64()))];
    }

    private async Task<string> GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}{path}");
        request.Headers.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(data, "admin-token"))).Trim());
        using var reply = await s_client.SendAsync(request);
        var text = await reply.Content.ReadAsStringAsync();
        return reply.IsSuccessStatusCode ? text : throw new InvalidOperationException($"{path} answered {(int)reply.StatusCode} {text}");
    }

    private static double? Value(Regex line, string text) =>
        line.Match(text) is { Success: true } match ? double.Parse(match.Groups["value"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex("""^dotnet_collection_count_total\{generation="0"\} (?<value>\S+)""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex GenerationZero();

    [GeneratedRegex(@"^\w*gc_heap_total_allocated\w*(\{[^}]*\})? (?<value>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Allocated();
}

/// <param name="GenerationZero">Collections of generation 0 (each higher one counts as one of these too).</param>
/// <param name="AllocatedBytes">Bytes allocated since the process began; null: it does not say.</param>
internal sealed record RuntimeCounters(double GenerationZero, double? AllocatedBytes);

/// <summary>One request on the ledger.</summary>
internal sealed record LedgerRecord(string Id, string Outcome, long CompletionTokens);
