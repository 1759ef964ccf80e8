using Podvirt.Core.Usage;

namespace Podvirt.Metering.Outbox;

/// <summary>
/// Records that the disk did not take, in memory until it does: the oldest first, bounded in number and bytes.
/// </summary>
internal sealed class UnsavedRecords(int recordsMax, long bytesMax)
{
    // An object's own fields, and what each of its texts takes beside its characters.
    private const int RecordBytes = 512;

    private readonly Lock _gate = new();
    private readonly Queue<UsageRecord> _records = new();
    private long _bytes;
    private long _lost;
    private bool _closed;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _records.Count;
            }
        }
    }

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Records that are gone for good, since the start.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    public bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return _records.Count < recordsMax && _bytes < bytesMax;
            }
        }
    }

    public bool TryHold(UsageRecord record)
    {
        lock (_gate)
        {
            if (_closed || _records.Count >= recordsMax || _bytes + SizeOf(record) > bytesMax)
            {
                return false;
            }
            _records.Enqueue(record);
            _bytes += SizeOf(record);
            return true;
        }
    }

    /// <summary>The oldest, which stay.</summary>
    public IReadOnlyList<UsageRecord> Peek(int limit)
    {
        lock (_gate)
        {
            return [.. _records.Take(limit)];
        }
    }

    /// <summary>These, which are the oldest, are on disk.</summary>
    public void Remove(IReadOnlyList<UsageRecord> saved)
    {
        var all = new HashSet<UsageRecord>(saved, ReferenceEqualityComparer.Instance);
        lock (_gate)
        {
            while (_records.TryPeek(out var oldest) && all.Contains(oldest))
            {
                _bytes -= SizeOf(_records.Dequeue());
            }
        }
    }

    /// <summary>One for which there was no room.</summary>
    public void Lose() => Interlocked.Increment(ref _lost);

    /// <summary>The end: what is held is lost, and nothing more is taken.</summary>
    public int Abandon()
    {
        lock (_gate)
        {
            var count = _records.Count;
            Interlocked.Add(ref _lost, count);
            _closed = true;
            _records.Clear();
            _bytes = 0;
            return count;
        }
    }

    private static int SizeOf(UsageRecord record) => RecordBytes + (sizeof(char) * (
        record.Project.Length + record.Key.Length + record.Model.Length + record.Replica.Length + record.Surface.Length + record.Reason.Length));
}
