using ClickHouse.Driver.ADO.Readers;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>What rollup rows of a group come to, as the server summed them up (<see cref="RollupTables.Figures"/>).</summary>
internal sealed class FiguresSum
{
    private static readonly Dictionary<string, int> s_places = RollupTables.Sums.Select((s, i) => (s.Name, i)).ToDictionary(p => p.Name, p => p.i);

    private readonly Int128[] _sums = new Int128[RollupTables.Sums.Count];
    private float[] _durations = [0, 0, 0];
    private float[] _firstTokens = [0, 0, 0];

    /// <param name="row">Holds the sums and histograms of <see cref="RollupTables"/> from a column on.</param>
    /// <param name="at">That column.</param>
    public static FiguresSum Read(ClickHouseDataReader row, int at)
    {
        var sum = new FiguresSum();
        for (var i = 0; i < sum._sums.Length; i++)
        {
            var value = row.GetValue(at + i);
            sum._sums[i] = value is long number ? number : CostValue.ToCost(value).Pico;
        }
        sum._durations = (float[])row.GetValue(at + sum._sums.Length);
        sum._firstTokens = (float[])row.GetValue(at + sum._sums.Length + 1);
        return sum;
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
        Latency = DurationsOf(_durations, Get("completed") + Get("cancelled") + Get("truncated") + Get("failed"), Get("duration_us")),
        FirstToken = DurationsOf(_firstTokens, Get("first_tokens"), Get("first_token_us")),
        ColdStarts = Get("cold_starts"),
        ColdStartUs = Get("cold_start_us"),
        Parked = Get("parked"),
        ParkedUs = Get("parked_us"),
    };

    /// <param name="slots">Of the median, the 95th and the 99th percentile.</param>
    private static DurationFigures DurationsOf(float[] slots, long count, long sumUs) => new(count, sumUs, At(slots[0]), At(slots[1]), At(slots[2]));

    private static long At(float slot) => DurationHistogram.MiddleOf(HistogramSlot.BucketOf(slot));

    private long Get(string name) => checked((long)_sums[s_places[name]]);
}
