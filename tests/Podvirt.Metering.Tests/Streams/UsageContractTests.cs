using System.Buffers;
using CsCheck;
using MessagePack;
using Podvirt.Core.Usage;
using Podvirt.Metering.Streams;
using Podvirt.Metering.Tests.Ledger;

namespace Podvirt.Metering.Tests.Streams;

public sealed class UsageContractTests
{
    /// <summary>Never changed: gateways and workers of different versions meet.</summary>
    private const string Golden =
        "dc001a01c410" + "00000001000700070102030405060708"
        + "a764656661756c74" + "a56b65792d31" + "a16d" + "01" + "a27231" + "b0636861742e636f6d706c6574696f6e73"
        + "00" + "ccc8" + "a0" + "c3" + "65" + "28" + "14" + "05" + "01" + "cf000649add44933e8" + "15" + "11" + "cd04d2" + "cd1388" + "ce0003d090" + "03" + "c3" + "c410" + "0f0e0d0c0b0a09080706050403020100";

    private static readonly Guid s_outbox = new("0f0e0d0c-0b0a-0908-0706-050403020100");

    private static UsageRecord Record => Sample.Record(1) with { QuotedRate = 3 };

    [Fact]
    public void GoldenBytes_AreWrittenAndRead()
    {
        Assert.Equal(Golden, Convert.ToHexStringLower(Write(Record)));
        Assert.Equal(Record, Read(Convert.FromHexString(Golden)));
        Assert.Equal(s_outbox, UsageContract.Read(new ReadOnlySequence<byte>(Convert.FromHexString(Golden)), new TextCache()).Outbox);
    }

    [Fact]
    public void AnyRecord_ComesBackAsItWas() => RandomRecords.One.Sample(
        rated => Assert.Equal(rated.Record, Read(Write(rated.Record))), iter: 1_000);

    [Fact]
    public void EveryPrefix_IsNoRecord()
    {
        var bytes = Write(Record);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Read(bytes[..length]));
        }
    }

    [Fact]
    public void EverySplitInTwo_IsReadTheSame()
    {
        var bytes = Write(Record);
        for (var at = 1; at < bytes.Length; at++)
        {
            var first = new Piece(bytes.AsMemory(0, at));
            var second = first.Append(bytes.AsMemory(at));
            Assert.Equal(Record, UsageContract.Read(new ReadOnlySequence<byte>(first, 0, second, second.Memory.Length), new TextCache()).Record);
        }
    }

    [Fact]
    public void UnknownFurtherFields_AreSkipped()
    {
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(bytes);
        writer.WriteArrayHeader(28);
        writer.WriteRaw(Write(Record).AsSpan(3));
        writer.WriteMapHeader(1);
        writer.Write("later");
        writer.Write(7);
        writer.Write("more");
        writer.Flush();

        Assert.Equal(Record, Read(bytes.WrittenSpan.ToArray()));
    }

    [Fact]
    public void MissingLastFields_HaveTheirDefaults()
    {
        // Without video, quote, cold start and outbox: 5 + 1 + 1 + 18 bytes.
        var bytes = Write(Record)[..^25];
        bytes[2] = 22;

        Assert.Equal(Record with { VideoUs = 0, QuotedRate = null, ColdStart = false }, Read(bytes));
        Assert.Null(UsageContract.Read(new ReadOnlySequence<byte>(bytes), new TextCache()).Outbox);
    }

    [Theory]
    [InlineData(3, 2, "version 2")]
    [InlineData(2, 21, "21 places")]
    [InlineData(2, 0, "version 0")]
    [InlineData(5, 15, "16 bytes")]
    public void OtherShapes_AreRefusedWithTheReason(int at, byte value, string reason)
    {
        var bytes = Write(Record);
        bytes[at] = value;

        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Read(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyBytes_AreARecordOrRefused() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        try
        {
            Read(bytes);
        }
        catch (InvalidDataException)
        {
            // The one error there is.
        }
    });

    private static byte[] Write(UsageRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>();
        UsageContract.Write(buffer, record, s_outbox);
        return buffer.WrittenSpan.ToArray();
    }

    private static UsageRecord Read(byte[] bytes) => UsageContract.Read(new ReadOnlySequence<byte>(bytes), new TextCache()).Record;

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
