using System.Runtime.InteropServices;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Engine;

/// <summary>
/// Remembers which token prefixes have been computed, in blocks of 16: a block's key hashes everything up to its end, so a key that
/// is present stands for a whole prefix. The oldest blocks go first when it is full.
/// </summary>
internal sealed class PrefixCache(int blocksMax = PrefixCache.BlocksMaxDefault)
{
    public const int BlockSize = 16;

    // Four million tokens: far more than the tests use, and about ten megabytes when full.
    private const int BlocksMaxDefault = 250_000;

    private readonly Lock _gate = new();
    private readonly HashSet<ulong> _blocks = [];
    private readonly Queue<ulong> _order = new();

    /// <summary>How many leading tokens are known: a multiple of the block size, and never all of them, since the last must be computed.</summary>
    public int Match(ReadOnlySpan<int> prompt)
    {
        var blocks = Math.Max(0, prompt.Length - 1) / BlockSize;
        var hash = 0UL;
        lock (_gate)
        {
            for (var i = 0; i < blocks; i++)
            {
                hash = Extend(hash, prompt.Slice(i * BlockSize, BlockSize));
                if (!_blocks.Contains(hash))
                {
                    return i * BlockSize;
                }
            }
        }

        return blocks * BlockSize;
    }

    public void Add(ReadOnlySpan<int> tokens)
    {
        var hash = 0UL;
        lock (_gate)
        {
            for (var at = 0; at + BlockSize <= tokens.Length; at += BlockSize)
            {
                hash = Extend(hash, tokens.Slice(at, BlockSize));
                if (!_blocks.Add(hash))
                {
                    continue;
                }

                _order.Enqueue(hash);
                if (_order.Count > blocksMax)
                {
                    _blocks.Remove(_order.Dequeue());
                }
            }
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _blocks.Clear();
            _order.Clear();
        }
    }

    private static ulong Extend(ulong hash, ReadOnlySpan<int> block)
    {
        foreach (var pair in MemoryMarshal.Cast<int, ulong>(block))
        {
            hash = Chooser.Mix(hash ^ pair);
        }

        return hash;
    }
}
