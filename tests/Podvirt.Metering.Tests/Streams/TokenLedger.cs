using System.Collections.Concurrent;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.Streams;

/// <summary>A ledger that knows tokens and no ids, as ClickHouse's inserts do, with faults: what it takes twice stands there twice.</summary>
internal sealed class TokenLedger : IBatchLedger
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<RatedRecord>> _batches = new(StringComparer.Ordinal);

    /// <summary>Called with each token before, and after it was taken; throws to fail.</summary>
    public Action<string, bool>? Fault { get; set; }

    /// <summary>A record that makes it refuse its batch for good.</summary>
    public Func<RatedRecord, bool> Refuses { get; set; } = _ => false;

    public ICollection<string> Tokens => _batches.Keys;

    public ConcurrentQueue<string> Attempts { get; } = new();

    public IReadOnlyList<Guid> Ids => [.. _batches.Values.SelectMany(b => b).Select(r => r.Record.Id)];

    public ValueTask AppendBatchAsync(string token, IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
    {
        Attempts.Enqueue(token);
        Fault?.Invoke(token, false);
        if (records.Any(Refuses))
        {
            throw new OverflowException("a record that cannot be kept");
        }
        var kept = _batches.GetOrAdd(token, records);
        if (!kept.Select(r => r.Record.Id).SequenceEqual(records.Select(r => r.Record.Id)))
        {
            throw new InvalidOperationException($"token {token} came with another set");
        }
        Fault?.Invoke(token, true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether it has exactly these, each once.</summary>
    public void HasExactly(IEnumerable<Guid> ids) => Assert.Equal(ids.Order(), Ids.Order());
}
