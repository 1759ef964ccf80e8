using System.Numerics;

namespace Podvirt.Metering.Ledger;

/// <summary>
/// How many durations of which length, mergeable: the sum of two is the histogram of both together. Below 64 µs every
/// microsecond has a bucket of its own; above, each power of two has 32 equal ones, so that a bucket's middle is at most
/// 1/64 (1.6 %) away from whatever is in it. Whole numbers only: the same durations make the same bytes on every machine.
/// </summary>
internal sealed class DurationHistogram
{
    /// <summary>How far a quantile is away from the exact one at most, as a share of it.</summary>
    public const double ErrorMax = 1.0 / 64;

    private const int BitsOfBucket = 5;
    private const int BucketsOfPower = 1 << BitsOfBucket;

    /// <summary>The buckets from <see cref="_first"/> on: whole powers of two, so that a range rarely grows twice.</summary>
    private long[] _counts = [];
    private int _first;

    /// <summary>The length of <see cref="_counts"/> that is in use.</summary>
    private int _length;

    public long Count { get; private set; }

    /// <param name="durationUs">Microseconds, not negative.</param>
    public void Add(long durationUs) => Add(BucketOf(durationUs), 1);

    public void Add(DurationHistogram other)
    {
        for (var i = 0; i < other._length; i++)
        {
            if (other._counts[i] > 0)
            {
                Add(other._first + i, other._counts[i]);
            }
        }
    }

    /// <summary>Adds what <see cref="WriteTo"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are no histogram.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        var bucket = -1L;
        while (bytes.Length > 0)
        {
            bucket += Varint.Read(ref bytes) + 1;
            var count = Varint.Read(ref bytes);
            if (bucket is < 0 or > int.MaxValue || count <= 0 || bucket > BucketOf(long.MaxValue))
            {
                throw new InvalidDataException("a stored histogram is damaged");
            }
            Add((int)bucket, count);
        }
    }

    /// <summary>The buckets that are not empty, in order: how many were left out before it, and its count, as varints.</summary>
    /// <returns>How many bytes were written.</returns>
    public int WriteTo(ref byte[] buffer)
    {
        var length = 0;
        var skipped = _first;
        for (var i = 0; i < _length; i++)
        {
            if (_counts[i] == 0)
            {
                skipped++;
                continue;
            }
            if (buffer.Length - length < 2 * Varint.LengthMax)
            {
                Array.Resize(ref buffer, (buffer.Length * 2) + (2 * Varint.LengthMax));
            }
            length += Varint.Write(buffer.AsSpan(length), skipped);
            length += Varint.Write(buffer.AsSpan(length), _counts[i]);
            skipped = 0;
        }
        return length;
    }

    /// <summary>
    /// The smallest duration that at least this share of all does not exceed (nearest rank), within <see cref="ErrorMax"/>.
    /// 0 where there is none.
    /// </summary>
    /// <param name="share">From 0 (the shortest) to 1 (the longest).</param>
    public long Quantile(double share)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        var rank = Math.Clamp((long)Math.Ceiling(share * Count), 1, Math.Max(1, Count));
        for (var i = 0; i < _length; i++)
        {
            rank -= _counts[i];
            if (rank <= 0)
            {
                return MiddleOf(_first + i);
            }
        }
        return 0;
    }

    /// <summary>Empty again; the room stays.</summary>
    public void Clear()
    {
        _counts.AsSpan(0, _length).Clear();
        _length = 0;
        Count = 0;
    }

    internal static int BucketOf(long durationUs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(durationUs);
        if (durationUs < 2 * BucketsOfPower)
        {
            return (int)durationUs;
        }
        var shift = BitOperations.Log2((ulong)durationUs) - BitsOfBucket;
        return (shift << BitsOfBucket) + (int)(durationUs >> shift);
    }

    internal static long MiddleOf(int bucket)
    {
        if (bucket < 2 * BucketsOfPower)
        {
            return bucket;
        }
        var shift = (bucket >> BitsOfBucket) - 1;
        var start = (long)(bucket - (shift << BitsOfBucket)) << shift;
        return start + ((1L << shift) >> 1);
    }

    internal void Add(int bucket, long count)
    {
        if (bucket < _first || bucket >= _first + _length || _length == 0)
        {
            Cover(bucket);
        }
        Count = checked(Count + count);
        _counts[bucket - _first] += count;
    }

    private void Cover(int bucket)
    {
        var first = bucket & ~(BucketsOfPower - 1);
        var end = first + BucketsOfPower;
        if (_length > 0)
        {
            (first, end) = (Math.Min(first, _first), Math.Max(end, _first + _length));
        }
        var target = _counts.Length >= end - first ? _counts : new long[end - first];
        var moved = _length > 0 ? _first - first : 0;
        Array.Copy(_counts, 0, target, moved, _length);
        // Where it moved within its own room, what stood before is still there.
        target.AsSpan(0, Math.Min(moved, target.Length)).Clear();
        (_counts, _first, _length) = (target, first, end - first);
    }
}
