using System.Buffers;
using System.Runtime.InteropServices;
using MessagePack;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>Reads one value of its type from the reader.</summary>
internal delegate T ReadValue<T>(ref FieldReader reader);

/// <summary>
/// Reads contracts: arrays whose places are the fields' numbers. A field that an older sender does not know is not there,
/// and reads as its default; those that a newer one added are skipped.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal ref struct FieldReader(ReadOnlySequence<byte> bytes)
{
    private MessagePackReader _reader = new(bytes);
    private int _left;

    /// <summary>Enters an array. Its result belongs to <see cref="End"/>.</summary>
    public int Begin()
    {
        var outer = _left;
        _left = _reader.ReadArrayHeader();
        return outer;
    }

    /// <summary>Leaves it, over whatever it has more.</summary>
    public void End(int outer)
    {
        for (; _left > 0; _left--)
        {
            _reader.Skip();
        }
        _left = outer;
    }

    public string Text() => Next() ? _reader.ReadString() ?? "" : "";

    public string? OptionalText() => Next() ? _reader.ReadString() : null;

    public long Number() => Next() ? _reader.ReadInt64() : 0;

    public long? OptionalNumber() => Next() ? _reader.ReadInt64() : null;

    public int Int(int missing = 0) => Next() ? _reader.ReadInt32() : missing;

    public int? OptionalInt() => Next() ? _reader.ReadInt32() : null;

    /// <summary>A copy.</summary>
    public ReadOnlyMemory<byte> Bytes() => Next() && _reader.ReadBytes() is { } bytes ? bytes.ToArray() : default;

    public bool Flag() => Next() && _reader.ReadBoolean();

    public decimal Decimal() => OptionalDecimal() ?? 0;

    public decimal? OptionalDecimal() => OptionalText() is { } text ? decimal.Parse(text) : null;

    public DateTimeOffset Time() => OptionalTime() ?? default;

    public DateTimeOffset? OptionalTime() => OptionalNumber() is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    public TimeSpan? OptionalSpan() => OptionalNumber() is { } ticks ? new TimeSpan(ticks) : null;

    /// <summary>Null: nothing, or a value that only a newer sender knows.</summary>
    public TEnum? OptionalEnum<TEnum>()
        where TEnum : struct, Enum
    {
        if (!Next())
        {
            return null;
        }
        var value = (TEnum)Enum.ToObject(typeof(TEnum), _reader.ReadInt32());
        return Enum.IsDefined(value) ? value : null;
    }

    /// <param name="unknown">For what only a newer sender knows.</param>
    public TEnum Enumerated<TEnum>(TEnum unknown)
        where TEnum : struct, Enum => OptionalEnum<TEnum>() ?? unknown;

    /// <summary>A nested contract; null: nothing.</summary>
    public T? Optional<T>(ReadValue<T> read)
        where T : class => Next() ? read(ref this) : null;

    /// <summary>A list of nested contracts. What reads as null is left out: this side has no word for it.</summary>
    public IReadOnlyList<T> List<T>(ReadValue<T?> read)
        where T : class
    {
        if (!Next())
        {
            return [];
        }
        var outer = Begin();
        var count = _left;
        var list = new List<T>(count);
        for (var i = 0; i < count; i++)
        {
            _left--;
            if (read(ref this) is { } item)
            {
                list.Add(item);
            }
        }
        End(outer);
        return list;
    }

    public IReadOnlyList<string> Texts() => List(static (ref FieldReader r) => r._reader.ReadString());

    public IReadOnlyList<decimal> Decimals() => [.. Texts().Select(decimal.Parse)];

    public IReadOnlyDictionary<string, string> Map()
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Next())
        {
            for (var count = _reader.ReadMapHeader(); count > 0; count--)
            {
                var key = _reader.ReadString() ?? "";
                map[key] = _reader.ReadString() ?? "";
            }
        }
        return map;
    }

    /// <summary>True: a value stands in the next field.</summary>
    private bool Next()
    {
        if (_left == 0)
        {
            return false;
        }
        _left--;
        return !_reader.TryReadNil();
    }
}
