using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Kills;

/// <summary>Holds the ledger against what clients read.</summary>
internal sealed class KillLedger
{
    /// <summary>What is promised: of a stream that is cut by a kill, at most so much is missing.</summary>
    private static readonly TimeSpan s_lostMax = TimeSpan.FromSeconds(1);

    // What the gateway had read and not sent when it was killed: a read or two.
    private const int UnsentTokensMax = 8;

    private readonly Dictionary<string, JsonObject> _records = [];

    public int Recovered => _records.Values.Count(r => (string)r["reason"]! == "gateway_killed");

    public int Records => _records.Count;

    public int Checked { get; private set; }

    /// <summary>The most that a cut stream's record lacked of what its client had read.</summary>
    public long TokensLostMax { get; private set; }

    public int CutStreams { get; private set; }

    public List<string> Faults { get; } = [];

    /// <summary>Reads all records of a time.</summary>
    public async Task ReadAsync(PodvirtProcess server, DateTimeOffset from, DateTimeOffset to)
    {
        var page = await server.Admin.GetFromJsonAsync<JsonObject>(string.Create(
            CultureInfo.InvariantCulture, $"api/requests?limit=10000&from={from:yyyy-MM-ddTHH:mm:ss.ffffffZ}&to={to:yyyy-MM-ddTHH:mm:ss.ffffffZ}"));
        foreach (var record in page!["data"]!.AsArray().Select(r => r!.AsObject()))
        {
            if (_records.TryGetValue((string)record["id"]!, out var before) && before.ToJsonString() != record.ToJsonString())
            {
                Faults.Add($"two records of {record["id"]}: {before} and {record}");
            }
            _records[(string)record["id"]!] = record;
        }
    }

    public void Check(KillRound round)
    {
        foreach (var call in round.Calls.Where(c => c.Id is not null))
        {
            Checked++;
            Check(call, round.KilledAt);
        }
    }

    /// <summary>The sums are those of the records, each counted once.</summary>
    public async Task CheckSumsAsync(PodvirtProcess server, DateTimeOffset from, DateTimeOffset to)
    {
        var usage = await server.Admin.GetFromJsonAsync<JsonObject>(string.Create(
            CultureInfo.InvariantCulture, $"api/usage?from={from:yyyy-MM-ddTHH:mm:ss.ffffffZ}&to={to:yyyy-MM-ddTHH:mm:ss.ffffffZ}"));
        var total = usage!["total"]!;
        var summed = ((long)total["requests"]!, (long)total["completion_tokens"]!);
        var listed = ((long)_records.Count, _records.Values.Sum(r => (long)r["completion_tokens"]!));
        if (summed != listed)
        {
            Faults.Add($"the sums say {summed}, the records {listed}");
        }
    }

    private void Check(KilledCall call, long killedAt)
    {
        var record = _records.GetValueOrDefault(call.Id!);
        var outcome = (string?)record?["outcome"];
        var count = (long?)record?["completion_tokens"] ?? 0;
        switch (call.End)
        {
            case CallEnd.Finished:
                Hold(record is not null, call, record, "a client saw its end");
                Hold(outcome == (call.IsAborted ? "truncated" : "completed"), call, record, "the outcome");
                Hold(count == call.LastCount && (long?)record?["prompt_tokens"] == call.Prompt, call, record, "the counts");
                break;
            case CallEnd.ToldOfError:
                // While it was parked there was no answer that could have been cut.
                Hold(outcome == "truncated" || (outcome == "failed" && call.LastCount == 0), call, record, "a client was told of an error");
                Hold(count == call.LastCount, call, record, "the counts");
                break;
            case CallEnd.Left or CallEnd.Cut:
                CheckCut(call, record, count, killedAt);
                break;
            default:
                Hold(count == 0, call, record, "a refused call is not billed");
                break;
        }
    }

    private void CheckCut(KilledCall call, JsonObject? record, long count, long killedAt)
    {
        CutStreams += call.LastCount > 0 ? 1 : 0;
        var surely = call.CountAt(killedAt - (long)(s_lostMax.TotalSeconds * Stopwatch.Frequency));
        var leftInTime = call.End == CallEnd.Left && Stopwatch.GetElapsedTime(call.LeftAt, killedAt) > s_lostMax;
        Hold(count >= surely, call, record, $"it had read {surely} tokens a second before the kill");
        Hold(record is not null || surely == 0, call, record, "it was under way for longer than a second");
        if (leftInTime)
        {
            Hold((string?)record?["outcome"] == "cancelled" && count >= call.LastCount, call, record, "it had left a second before the kill");
        }
        // One that had its whole answer but for the end is complete; of others nothing can be known that was never sent.
        var isWhole = (string?)record?["outcome"] == "completed" || call.End == CallEnd.Left;
        Hold(count <= (isWhole ? call.TokensMax : call.LastCount + UnsentTokensMax), call, record, "more than its client was sent");
        if (call.End == CallEnd.Cut)
        {
            TokensLostMax = Math.Max(TokensLostMax, call.LastCount - count);
        }
    }

    private void Hold(bool condition, KilledCall call, JsonObject? record, string what)
    {
        if (!condition)
        {
            Faults.Add($"{what}: {call.End} {call.Id}, read {call.Prompt} + {call.LastCount} of {call.TokensMax}; record {record?.ToJsonString() ?? "none"}");
        }
    }
}
