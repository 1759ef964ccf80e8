using System.Runtime.CompilerServices;
using ClickHouse.Driver.ADO.Readers;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>What rollup rows of a group come to, as the server summed them up.</summary>
internal sealed class FiguresSum
{
    private static readonly Dictionary<string, int> s_places = RollupTables.Sums.Select((s, i) => (s.Name, i)).ToDictionary(p => p.Name, p => p.i);

    private readonly Int128[] _sums = new Int128[RollupTables.Sums.Count];
    private readonly DurationHistogram _durations = new();
    private readonly DurationHistogram _firstTokens = new();

    /// <param name="row">Holds the sums and histograms of <see cref="RollupTables"/> from a column on.</param>
    /// <param name="at">That column.</param>
    public static FiguresSum Read(ClickHouseDataReader row, int at)
    {
        var sum = new FiguresSum();
        for (var i = 0; i < sum._sums.Length; i++)
        {
            var value = row.GetValue(at + i);
            sum._sums[i] = value is long number ? number : UsageRow.ToCost(value).Pico;
        }
        Fill(sum._durations, row.GetValue(at + sum._sums.Length));
        Fill(sum._firstTokens, row.GetValue(at + sum._sums.Length + 1));
        return sum;
    }

    public void Add(FiguresSum other)
    {
        for (var i = 0; i < _sums.Length; i++)
        {
            _sums[i] = checked(_sums[i] + other._sums[i]);
        }
        _durations.Add(other._durations);
        _firstTokens.Add(other._firstTokens);
    }

    public UsageFigures ToFigures() => new()
    {
        Requests = Get("completed") + Get("cancelled") + Get("truncated") + Get("failed"),
        Completed = Get("completed"),
        Cancelled = Get("cancelled"),
        Truncated = Get("truncated"),
        Failed = Get("failed"),
        Unreported = Get("unreported"),
        Quarantined = Get("quarantined"),
        Tokens = new TokenCounts(Get("prompt"), Get("cached"), Get("completion"), Get("reasoning")),
        EmbeddingTokens = Get("embedding"),
        VideoUs = Get("video_us"),
        DecodeUs = Get("decode_us"),
        Cost = new Cost(_sums[s_places["cost"]]),
        Latency = DurationsOf(_durations, Get("duration_us")),
        FirstToken = DurationsOf(_firstTokens, Get("first_token_us")),
        ColdStarts = Get("cold_starts"),
        ColdStartUs = Get("cold_start_us"),
        Parked = Get("parked"),
        ParkedUs = Get("parked_us"),
    };

    private static DurationFigures DurationsOf(DurationHistogram histogram, long sumUs) =>
        new(histogram.Count, sumUs, histogram.Quantile(0.5), histogram.Quantile(0.95), histogram.Quantile(0.99));

    private static void Fill(DurationHistogram histogram, object value)
    {
        var pair = (ITuple)value;
        var (buckets, counts) = ((ushort[])pair[0]!, (ulong[])pair[1]!);
        for (var i = 0; i < buckets.Length; i++)
        {
            histogram.Add(buckets[i], checked((long)counts[i]));
        }
    }

    private long Get(string name) => checked((long)_sums[s_places[name]]);
}
