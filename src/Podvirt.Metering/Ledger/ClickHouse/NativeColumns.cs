using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// One block of rows in ClickHouse's format <c>Native</c>: column after column, each as the server holds it, so that it is copied and not parsed.
/// Of names that repeat, each stands there once, and a number for each row. The numbers of columns and rows are said first.
/// </summary>
internal sealed class NativeColumns
{
    private const string LowCardinality = "LowCardinality(String)";

    /// <summary>One dictionary that comes with the block.</summary>
    private const ulong DictionaryVersion = 1;

    /// <summary>The dictionary is new, and in the block. The lowest byte says how wide the numbers are.</summary>
    private const ulong DictionaryFlags = 0x600;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _texts = [];
    private readonly int[] _places;
    private readonly int _rows;
    private byte[] _bytes;
    private int _length;

    /// <param name="columns">How many will be added.</param>
    /// <param name="rows">How many values each has; 1 at least.</param>
    /// <param name="rowBytes">What a row takes, about.</param>
    public NativeColumns(int columns, int rows, int rowBytes)
    {
        _rows = rows;
        _places = new int[rows];
        _bytes = GC.AllocateUninitializedArray<byte>((rows * rowBytes) + (columns * 128));
        WriteVarint(columns);
        WriteVarint(rows);
    }

    /// <summary>The whole block, when all columns are there.</summary>
    public Stream ToStream() => new MemoryStream(_bytes, 0, _length, writable: false);

    /// <summary>Values of a fixed width, in the machine's order of bytes, which is the format's.</summary>
    public void Add<TRow, T>(string name, string type, IReadOnlyList<TRow> rows, Func<TRow, T> value)
        where T : unmanaged
    {
        Begin(name, type);
        var values = MemoryMarshal.Cast<byte, T>(Take(_rows * Unsafe.SizeOf<T>()));
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = value(rows[i]);
        }
    }

    /// <summary>Of <paramref name="type"/> or nothing.</summary>
    public void AddNullable<TRow, T>(string name, string type, IReadOnlyList<TRow> rows, Func<TRow, T?> value)
        where T : unmanaged
    {
        Begin(name, $"Nullable({type})");
        var both = Take(_rows * (1 + Unsafe.SizeOf<T>()));
        var isNull = both[.._rows];
        var values = MemoryMarshal.Cast<byte, T>(both[_rows..]);
        for (var i = 0; i < values.Length; i++)
        {
            var present = value(rows[i]);
            isNull[i] = present is null ? (byte)1 : (byte)0;
            values[i] = present.GetValueOrDefault();
        }
    }

    public void AddIds<TRow>(string name, IReadOnlyList<TRow> rows, Func<TRow, Guid> value)
    {
        Begin(name, "UUID");
        var bytes = Take(_rows * 16);
        for (var i = 0; i < _rows; i++)
        {
            WriteId(bytes.Slice(i * 16, 16), value(rows[i]));
        }
    }

    /// <summary>Texts of which there are few.</summary>
    public void AddNames<TRow>(string name, IReadOnlyList<TRow> rows, Func<TRow, string> value)
    {
        Begin(name, LowCardinality);
        _numbers.Clear();
        _texts.Clear();
        // Neighbours often have the same one.
        string? last = null;
        var number = 0;
        for (var i = 0; i < _rows; i++)
        {
            var text = value(rows[i]);
            if (!ReferenceEquals(text, last))
            {
                if (!_numbers.TryGetValue(text, out number))
                {
                    _numbers.Add(text, number = _texts.Count);
                    _texts.Add(text);
                }
                last = text;
            }
            _places[i] = number;
        }
        var width = _texts.Count <= byte.MaxValue + 1 ? 0 : _texts.Count <= ushort.MaxValue + 1 ? 1 : 2;
        WriteNumber(DictionaryVersion);
        WriteNumber(DictionaryFlags | (ulong)width);
        WriteNumber((ulong)_texts.Count);
        foreach (var text in _texts)
        {
            WriteText(text);
        }
        WriteNumber((ulong)_rows);
        WritePlaces(width);
    }

    /// <summary>An id in ClickHouse's order of bytes: two halves, each with its last byte first.</summary>
    public static void WriteId(Span<byte> bytes, Guid id)
    {
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[..8].Reverse();
        bytes[8..16].Reverse();
    }

    private void WritePlaces(int width)
    {
        var bytes = Take(_rows << width);
        switch (width)
        {
            case 0:
                for (var i = 0; i < _rows; i++)
                {
                    bytes[i] = (byte)_places[i];
                }
                break;
            case 1:
                var narrow = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < _rows; i++)
                {
                    narrow[i] = (ushort)_places[i];
                }
                break;
            default:
                MemoryMarshal.AsBytes(_places.AsSpan()).CopyTo(bytes);
                break;
        }
    }

    private void Begin(string name, string type)
    {
        WriteText(name);
        WriteText(type);
    }

    private void WriteText(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        WriteVarint(length);
        Encoding.UTF8.GetBytes(text, Take(length));
    }

    private void WriteVarint(int value) => _length += Varint.Write(Room(Varint.LengthMax), value);

    private void WriteNumber(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(sizeof(ulong)), value);

    private Span<byte> Take(int count)
    {
        var room = Room(count)[..count];
        _length += count;
        return room;
    }

    private Span<byte> Room(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Array.Resize(ref _bytes, checked(Math.Max(_bytes.Length * 2, _length + count)));
        }
        return _bytes.AsSpan(_length);
    }
}
