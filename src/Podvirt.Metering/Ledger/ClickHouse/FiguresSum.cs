using ClickHouse.Driver.ADO.Readers;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>What rollup rows of a group come to, as the server summed them up (<see cref="RollupTables.Figures"/>).</summary>
internal sealed class FiguresSum
{
    private static readonly Dictionary<string, int> s_places = RollupTables.Counts.Select((c, i) => (c.Name, i)).ToDictionary(p => p.Name, p => p.i);

    private long[] _counts = [];
    private long _requests;
    private Cost _cost;
    private float[] _durations = [0, 0, 0];
    private float[] _firstTokens = [0, 0, 0];

    /// <param name="row">Holds the values of <see cref="RollupTables.Columns"/> from a column on.</param>
    /// <param name="at">That column.</param>
    public static FiguresSum Read(ClickHouseDataReader row, int at) => new()
    {
        _counts = (long[])row.GetValue(at),
        _requests = row.GetInt64(at + 1),
        _cost = CostValue.ToCost(row.GetValue(at + 2)),
        _durations = (float[])row.GetValue(at + 3),
        _firstTokens = (float[])row.GetValue(at + 4),
    };

    public UsageFigures ToFigures() => new()
    {
        Requests = _requests,
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
        Cost = _cost,
        Latency = DurationsOf(_durations, _requests, Get("duration_us")),
        FirstToken = DurationsOf(_firstTokens, Get("first_tokens"), Get("first_token_us")),
        ColdStarts = Get("cold_starts"),
        ColdStartUs = Get("cold_start_us"),
        Parked = Get("parked"),
        ParkedUs = Get("parked_us"),
    };

    /// <param name="slots">Of the median, the 95th and the 99th percentile.</param>
    private static DurationFigures DurationsOf(float[] slots, long count, long sumUs) => new(count, sumUs, At(slots[0]), At(slots[1]), At(slots[2]));

    private static long At(float slot) => DurationHistogram.MiddleOf(HistogramSlot.BucketOf(slot));

    /// <summary>Of no rows there is no array.</summary>
    private long Get(string name) => _counts.Length == 0 ? 0 : _counts[s_places[name]];
}
