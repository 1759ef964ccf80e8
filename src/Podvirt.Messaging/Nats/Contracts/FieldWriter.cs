using System.Buffers;
using System.Runtime.InteropServices;
using MessagePack;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>Writes one value of its type.</summary>
internal delegate void WriteValue<in T>(ref FieldWriter writer, T value);

/// <summary>Writes contracts, field by field in the order of their numbers; what <see cref="FieldReader"/> reads.</summary>
[StructLayout(LayoutKind.Auto)]
internal ref struct FieldWriter(IBufferWriter<byte> buffer)
{
    private MessagePackWriter _writer = new(buffer);

    /// <summary>Begins a contract of so many fields, all of which follow.</summary>
    public void Begin(int fields) => _writer.WriteArrayHeader(fields);

    public void Text(string? value) => _writer.Write(value);

    public void Number(long value) => _writer.Write(value);

    public void Number(long? value)
    {
        if (value is { } number)
        {
            _writer.Write(number);
        }
        else
        {
            _writer.WriteNil();
        }
    }

    public void Bytes(ReadOnlyMemory<byte> value) => _writer.Write(value.Span);

    public void Flag(bool value) => _writer.Write(value);

    public void Decimal(decimal? value) => _writer.Write(value?.ToString());

    public void Time(DateTimeOffset? value) => Number(value?.UtcTicks);

    public void Span(TimeSpan? value) => Number(value?.Ticks);

    /// <summary>By its number, which never changes its meaning.</summary>
    public void Enumerated<TEnum>(TEnum value)
        where TEnum : struct, Enum => _writer.Write(System.Runtime.CompilerServices.Unsafe.As<TEnum, int>(ref value));

    public void OptionalEnum<TEnum>(TEnum? value)
        where TEnum : struct, Enum
    {
        if (value is { } present)
        {
            Enumerated(present);
        }
        else
        {
            _writer.WriteNil();
        }
    }

    public void Optional<T>(T? value, WriteValue<T> write)
        where T : class
    {
        if (value is null)
        {
            _writer.WriteNil();
        }
        else
        {
            write(ref this, value);
        }
    }

    public void List<T>(IReadOnlyList<T> values, WriteValue<T> write)
    {
        _writer.WriteArrayHeader(values.Count);
        for (var i = 0; i < values.Count; i++)
        {
            write(ref this, values[i]);
        }
    }

    public void Texts(IReadOnlyList<string> values) => List(values, static (ref FieldWriter w, string v) => w.Text(v));

    public void Decimals(IReadOnlyList<decimal> values) => List(values, static (ref FieldWriter w, decimal v) => w.Decimal(v));

    public void Map(IReadOnlyDictionary<string, string> values)
    {
        _writer.WriteMapHeader(values.Count);
        foreach (var (key, value) in values)
        {
            _writer.Write(key);
            _writer.Write(value);
        }
    }

    public void Flush() => _writer.Flush();
}
