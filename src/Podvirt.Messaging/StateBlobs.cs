using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Podvirt.Messaging;

/// <summary>Values of any length that are written once: compressed, and in parts below a key.</summary>
public sealed class StateBlobs(IStateStore store)
{
    /// <summary>Well below what one value may have: a message of the store has a head, too.</summary>
    private const int PartBytesMax = 512 * 1024;

    /// <param name="key">A key of the store with room for some characters more.</param>
    /// <param name="value">All of it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The store does not take it.</exception>
    public async Task WriteAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        var packed = Pack(value.Span);
        for (var (at, part) = (0, 0); at < packed.Length || part == 0; at += PartBytesMax, part++)
        {
            var bytes = packed.AsMemory(at, Math.Min(PartBytesMax, packed.Length - at));
            // What refers to it is written behind it, and survives no less.
            await store.PutAsync($"{key}/{part.ToString("d6", CultureInfo.InvariantCulture)}", bytes, StateDurability.Process, cancellationToken);
        }
    }

    /// <summary>Null: it is not there.</summary>
    public async Task<byte[]?> ReadAsync(string key, CancellationToken cancellationToken) =>
        (await ListAsync(key + "/", cancellationToken)).TryGetValue(key, out var value) ? value : null;

    /// <summary>All below a prefix, by their keys, in their order.</summary>
    public async Task<IReadOnlyDictionary<string, byte[]>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var parts = await store.ListAsync(prefix, cancellationToken);
        return parts.GroupBy(p => p.Key[..p.Key.LastIndexOf('/')], StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => Unpack([.. g.Select(p => p.Value)]), StringComparer.Ordinal);
    }

    /// <summary>All below a prefix.</summary>
    public async Task RemoveAsync(string prefix, CancellationToken cancellationToken)
    {
        foreach (var entry in await store.ListAsync(prefix, cancellationToken))
        {
            await store.DeleteAsync(entry.Key, revision: null, StateDurability.Process, cancellationToken);
        }
    }

    public static string Text(byte[]? value) => value is null ? "" : Encoding.UTF8.GetString(value);

    private static byte[] Pack(ReadOnlySpan<byte> value)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest))
        {
            deflate.Write(value);
        }
        return packed.ToArray();
    }

    private static byte[] Unpack(IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        using var packed = new MemoryStream();
        foreach (var part in parts)
        {
            packed.Write(part.Span);
        }
        packed.Position = 0;
        using var deflate = new DeflateStream(packed, CompressionMode.Decompress);
        using var value = new MemoryStream();
        deflate.CopyTo(value);
        return value.ToArray();
    }
}
