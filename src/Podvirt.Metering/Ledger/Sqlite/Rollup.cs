using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>What one or many rollup rows sum up. Reused: a row of a batch or a query costs no object of its own.</summary>
internal sealed class Rollup
{
    /// <summary>The columns that add up, in the order of <see cref="Sum"/>.</summary>
    public const string SumColumns =
        "completed, cancelled, truncated, failed, unreported, quarantined, prompt, cached, completion, reasoning, embedding, video_us, decode_us, "
        + "cost_usd, cost_high, cost_low, duration_us, first_tokens, first_token_us, cold_starts, cold_start_us, parked, parked_us";

    /// <summary>All columns but the key's.</summary>
    public const string Columns = $"{SumColumns}, durations, first_token_durations";

    /// <summary>How many columns add up; the two histograms come after them.</summary>
    public const int Sums = 23;

    private readonly long[] _sums = new long[Sums];
    private readonly DurationHistogram _durations = new();
    private readonly DurationHistogram _firstTokens = new();
    private byte[] _buffer = new byte[256];

    private enum Sum
    {
        Completed,
        Cancelled,
        Truncated,
        Failed,
        Unreported,
        Quarantined,
        Prompt,
        Cached,
        Completion,
        Reasoning,
        Embedding,
        VideoUs,
        DecodeUs,
        CostUsd,
        CostHigh,
        CostLow,
        DurationUs,
        FirstTokens,
        FirstTokenUs,
        ColdStarts,
        ColdStartUs,
        Parked,
        ParkedUs,
    }

    public static IReadOnlyList<string> SumColumnNames { get; } = SumColumns.Split(", ");

    public void Clear()
    {
        Array.Clear(_sums);
        _durations.Clear();
        _firstTokens.Clear();
    }

    public void Add(RatedRecord rated)
    {
        var record = rated.Record;
        Add(record.Outcome switch
        {
            UsageOutcome.Completed => Sum.Completed,
            UsageOutcome.Cancelled => Sum.Cancelled,
            UsageOutcome.Truncated => Sum.Truncated,
            _ => Sum.Failed,
        }, 1);
        Add(Sum.Unreported, record.Source == UsageSource.None ? 1 : 0);
        Add(Sum.Quarantined, record.Source == UsageSource.Quarantined ? 1 : 0);
        Add(Sum.Prompt, record.Tokens.Prompt);
        Add(Sum.Cached, record.Tokens.Cached);
        Add(Sum.Completion, record.Tokens.Completion);
        Add(Sum.Reasoning, record.Tokens.Reasoning);
        Add(Sum.Embedding, BilledAmounts.IsEmbedding(record.Surface) ? record.Tokens.Prompt : 0);
        Add(Sum.VideoUs, record.VideoUs);
        // Time in which nothing was generated says nothing of the pace.
        Add(Sum.DecodeUs, record.Tokens.Completion > 0 ? record.DecodeUs : 0);
        var (usd, high, low) = CostColumns.Parts(rated.Cost);
        Add(Sum.CostUsd, usd);
        Add(Sum.CostHigh, high);
        Add(Sum.CostLow, low);
        Add(Sum.DurationUs, record.DurationUs);
        _durations.Add(record.DurationUs);
        if (record.FirstTokenUs is { } firstTokenUs)
        {
            Add(Sum.FirstTokens, 1);
            Add(Sum.FirstTokenUs, firstTokenUs);
            _firstTokens.Add(firstTokenUs);
        }
        Add(Sum.ColdStarts, record.ColdStart ? 1 : 0);
        Add(Sum.ColdStartUs, record.ColdStart ? record.ParkedUs : 0);
        Add(Sum.Parked, record.ParkedUs > 0 ? 1 : 0);
        Add(Sum.ParkedUs, record.ParkedUs);
    }

    public void Add(Rollup other)
    {
        for (var i = 0; i < Sums; i++)
        {
            _sums[i] = checked(_sums[i] + other._sums[i]);
        }
        _durations.Add(other._durations);
        _firstTokens.Add(other._firstTokens);
    }

    /// <summary>Adds a row; column <paramref name="at"/> is the first of <see cref="Columns"/>.</summary>
    public void AddRow(Statement row, int at)
    {
        for (var i = 0; i < Sums; i++)
        {
            _sums[i] = checked(_sums[i] + row.Number(at + i));
        }
        _durations.Add(row.Bytes(at + Sums));
        _firstTokens.Add(row.Bytes(at + Sums + 1));
    }

    /// <summary>Adds what stands in a row's histograms alone; their columns follow each other.</summary>
    public void AddHistograms(Statement row, int at)
    {
        _durations.Add(row.Bytes(at));
        _firstTokens.Add(row.Bytes(at + 1));
    }

    public void BindSums(Statement statement, int first)
    {
        for (var i = 0; i < Sums; i++)
        {
            statement.Bind(first + i, _sums[i]);
        }
    }

    public void BindHistograms(Statement statement, int first)
    {
        statement.BindBlob(first, Bytes(_durations));
        statement.BindBlob(first + 1, Bytes(_firstTokens));
    }

    /// <summary>Whether a row says the same, to the last bucket.</summary>
    public bool EqualsRow(Statement row, int at)
    {
        for (var i = 0; i < Sums; i++)
        {
            if (_sums[i] != row.Number(at + i))
            {
                return false;
            }
        }
        return Bytes(_durations).SequenceEqual(row.Bytes(at + Sums)) && Bytes(_firstTokens).SequenceEqual(row.Bytes(at + Sums + 1));
    }

    public string Describe() => string.Join(' ', _sums) + $" and {_durations.Count}+{_firstTokens.Count} durations";

    public UsageFigures ToFigures() => new()
    {
        Requests = Get(Sum.Completed) + Get(Sum.Cancelled) + Get(Sum.Truncated) + Get(Sum.Failed),
        Completed = Get(Sum.Completed),
        Cancelled = Get(Sum.Cancelled),
        Truncated = Get(Sum.Truncated),
        Failed = Get(Sum.Failed),
        Unreported = Get(Sum.Unreported),
        Quarantined = Get(Sum.Quarantined),
        Tokens = new TokenCounts(Get(Sum.Prompt), Get(Sum.Cached), Get(Sum.Completion), Get(Sum.Reasoning)),
        EmbeddingTokens = Get(Sum.Embedding),
        VideoUs = Get(Sum.VideoUs),
        DecodeUs = Get(Sum.DecodeUs),
        Cost = CostColumns.FromSums(Get(Sum.CostUsd), Get(Sum.CostHigh), Get(Sum.CostLow)),
        Latency = DurationsOf(_durations, Get(Sum.DurationUs)),
        FirstToken = DurationsOf(_firstTokens, Get(Sum.FirstTokenUs)),
        ColdStarts = Get(Sum.ColdStarts),
        ColdStartUs = Get(Sum.ColdStartUs),
        Parked = Get(Sum.Parked),
        ParkedUs = Get(Sum.ParkedUs),
    };

    private static DurationFigures DurationsOf(DurationHistogram histogram, long sumUs) =>
        new(histogram.Count, sumUs, histogram.Quantile(0.5), histogram.Quantile(0.95), histogram.Quantile(0.99));

    private ReadOnlySpan<byte> Bytes(DurationHistogram histogram)
    {
        var length = histogram.WriteTo(ref _buffer);
        return _buffer.AsSpan(0, length);
    }

    private long Get(Sum sum) => _sums[(int)sum];

    private void Add(Sum sum, long amount) => _sums[(int)sum] = checked(_sums[(int)sum] + amount);
}
