using System.Text;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>The few names that stand in many rows, each decoded once.</summary>
internal sealed class NameCache
{
    /// <summary>More than any catalog or list of projects; what comes beyond is decoded each time.</summary>
    private const int NamesMax = 100_000;

    private readonly Dictionary<byte[], string>.AlternateLookup<ReadOnlySpan<byte>> _names =
        new Dictionary<byte[], string>(new ByContent()).GetAlternateLookup<ReadOnlySpan<byte>>();

    public string Of(ReadOnlySpan<byte> utf8)
    {
        if (_names.TryGetValue(utf8, out var name))
        {
            return name;
        }
        name = Encoding.UTF8.GetString(utf8);
        if (_names.Dictionary.Count < NamesMax)
        {
            _names[utf8] = name;
        }
        return name;
    }

    private sealed class ByContent : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
