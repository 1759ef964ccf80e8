using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podvirt.LocalCluster.Chaos.Judges;

/// <summary>Reads the ledger through a gateway once all usage has come there, and compares it with its own sums.</summary>
internal sealed class LedgerReader(ChaosCluster cluster, DateTimeOffset began, Findings findings)
{
    private const int PageRows = 1_000;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private HttpClient Admin => cluster[ChaosCluster.Gateways[0]].Admin;

    /// <param name="expected">Ids that must come.</param>
    public async Task<IReadOnlyDictionary<string, UsageRecord>> ReadAsync(IReadOnlyCollection<string> expected)
    {
        await FlowedAsync();
        var since = Stopwatch.GetTimestamp();
        var records = await PagesAsync();
        while (!expected.All(records.ContainsKey) && Stopwatch.GetElapsedTime(since) < s_limit)
        {
            await Task.Delay(s_pause);
            records = await PagesAsync();
        }
        await CompareAsync(records);
        return records;
    }

    /// <summary>Nothing waits in an outbox or on the stream.</summary>
    private async Task FlowedAsync()
    {
        var since = Stopwatch.GetTimestamp();
        while (!await HasFlowedAsync())
        {
            if (Stopwatch.GetElapsedTime(since) > s_limit)
            {
                findings.Add($"usage still waits after {s_limit.TotalMinutes} min");
                return;
            }
            await Task.Delay(s_pause);
        }
    }

    private async Task<bool> HasFlowedAsync()
    {
        foreach (var gateway in ChaosCluster.Gateways)
        {
            if (!await IsZeroAsync(cluster[gateway], "podvirt_outbox_depth"))
            {
                return false;
            }
        }
        return await IsZeroAsync(cluster["metering-1"], "podvirt_usage_stream_depth");
    }

    private static async Task<bool> IsZeroAsync(PodvirtProcess process, string metric) => (await process.Admin.GetStringAsync("metrics")).Split('\n')
        .Any(line => line.StartsWith(metric, StringComparison.Ordinal) && line.EndsWith(" 0", StringComparison.Ordinal));

    private async Task<Dictionary<string, UsageRecord>> PagesAsync()
    {
        var records = new Dictionary<string, UsageRecord>(StringComparer.Ordinal);
        string? next = null;
        do
        {
            var page = await Admin.GetFromJsonAsync<JsonObject>($"api/requests?limit={PageRows}{Time()}{(next is null ? "" : $"&after={Uri.EscapeDataString(next)}")}");
            foreach (var record in page!["data"]!.AsArray().Select(static r => UsageRecord.Of(r!.AsObject())))
            {
                findings.Hold(records.TryAdd(record.Id, record), () => $"twice on the ledger: {record} and {records[record.Id]}");
            }
            next = (string?)page["next"];
        }
        while (next is not null);
        return records;
    }

    private async Task CompareAsync(Dictionary<string, UsageRecord> records)
    {
        var usage = await Admin.GetFromJsonAsync<JsonObject>($"api/usage?group=model{Time()}");
        var total = usage!["total"]!;
        var summed = ((long)total["requests"]!, (long)total["prompt_tokens"]!, (long)total["completion_tokens"]!);
        var listed = ((long)records.Count, records.Values.Sum(static r => r.Prompt), records.Values.Sum(static r => r.Completion));
        findings.Hold(summed == listed, () => $"the sums say {summed}, the records {listed}");

        var reconciled = (await Admin.GetStringAsync("api/reconcile")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var last = JsonSerializer.Deserialize<JsonObject>(reconciled[^1])!;
        findings.Hold(last["done"] is not null && (long)last["differences"]! == 0, () => $"the ledger does not agree with its records: {string.Join(' ', reconciled)}");
    }

    private string Time() => string.Create(CultureInfo.InvariantCulture, $"&from={began.UtcDateTime:yyyy-MM-ddTHH:mm:ss.ffffffZ}&to={DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.ffffffZ}");
}
