using System.Globalization;
using System.Text;
using CsCheck;
using Podvirt.Core.Http;

namespace Podvirt.Core.Tests.Http;

public sealed class ChunkedDecoderTests
{
    private const int LongExtension = ChunkedDecoder.ExtensionBytesMax;
    private const int LongTrailer = ChunkedDecoder.TrailerBytesMax;

    private enum Outcome
    {
        Unfinished,
        Complete,
        Malformed,
    }

    [Theory]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n000\r\n\r\n", "hello world")]
    [InlineData("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789")]
    [InlineData("000000000000003\r\nabc\r\n0\r\n\r\n", "abc")]
    [InlineData("3;name=value;other=\"quoted\"\r\nabc\r\n0;last\r\n\r\n", "abc")]
    [InlineData("3 ; name\r\nabc\r\n3\t \r\ndef\r\n0\r\n\r\n", "abcdef")]
    [InlineData("3\r\nabc\r\n0\r\nServer-Timing: a;dur=1\r\nX: y\r\n\r\n", "abc")]
    [InlineData("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n")]
    [InlineData("6\r\n0\r\n\r\nx\r\n0\r\n\r\n", "0\r\n\r\nx")]
    public void BodyInAnySplit_GivesItsPayload(string wire, string expected)
    {
        foreach (var pieces in Splits.Of(Encoding.ASCII.GetBytes(wire)))
        {
            var (payload, outcome, unread) = Decode(pieces);
            Assert.Equal(Outcome.Complete, outcome);
            Assert.Equal(expected, Encoding.ASCII.GetString(payload));
            Assert.Equal(0, unread);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5\r\nhel")]
    [InlineData("5\r\nhello\r\n")]
    [InlineData("0\r\n")]
    [InlineData("0\r\n\r")]
    [InlineData("0\r\nX: y\r\n")]
    public void BodyThatStops_IsNeitherCompleteNorMalformed(string wire)
    {
        foreach (var pieces in Splits.Of(Encoding.ASCII.GetBytes(wire)))
        {
            Assert.Equal(Outcome.Unfinished, Decode(pieces).Outcome);
        }
    }

    [Theory]
    [InlineData("5\nhello\r\n0\r\n\r\n")]
    [InlineData("5\r\rhello")]
    [InlineData("5;x\nhello")]
    [InlineData("5;x\r\rhello")]
    [InlineData("5\r\nhello0\r\n\r\n")]
    [InlineData("5\r\nhello\n0\r\n\r\n")]
    [InlineData("5\r\nhello\r0\r\n\r\n")]
    [InlineData("5\r\nhello\r\n\r\n0\r\n\r\n")]
    [InlineData("0\r\nX: y\n\r\n")]
    [InlineData("0\r\nX: y\ra\r\n")]
    [InlineData("0\r\n\n")]
    [InlineData("0\r\n\rX")]
    [InlineData("\r\n")]
    [InlineData("-5\r\nhello\r\n")]
    [InlineData("+5\r\nhello\r\n")]
    [InlineData(" 5\r\nhello\r\n")]
    [InlineData("5 5\r\nhello\r\n")]
    [InlineData("5\tx\r\nhello\r\n")]
    [InlineData(";x\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData("5h\r\nhello\r\n")]
    [InlineData("g\r\n")]
    [InlineData("0000000000000005\r\nhello\r\n")]
    [InlineData("FFFFFFFFFFFFFFFF\r\n")]
    [InlineData("10000000000000005\r\n")]
    public void BrokenFraming_IsMalformedInAnySplit(string wire)
    {
        foreach (var pieces in Splits.Of(Encoding.ASCII.GetBytes(wire)))
        {
            Assert.Equal(Outcome.Malformed, Decode(pieces).Outcome);
        }
    }

    [Fact]
    public void LargestSize_IsReadInFull()
    {
        var decoder = default(ChunkedDecoder);
        ReadOnlySpan<byte> input = "fffffffffffffff\r\nabc"u8;
        Assert.True(decoder.TryRead(ref input, out var payload));
        Assert.Equal("abc"u8, payload);
        Assert.False(decoder.IsMalformed);
    }

    [Theory]
    [InlineData(LongExtension, true)]
    [InlineData(LongExtension + 1, false)]
    public void Extension_IsBounded(int length, bool accepted)
    {
        var wire = $"1;{new string('x', length)}\r\na\r\n1;{new string('y', length)}\r\nb\r\n0\r\n\r\n";
        Assert.Equal(accepted ? Outcome.Complete : Outcome.Malformed, Decode([Encoding.ASCII.GetBytes(wire)]).Outcome);
    }

    [Fact]
    public void BlanksBehindASize_AreBoundedAsExtensionsAre()
    {
        var wire = $"1{new string(' ', LongExtension + 1)}\r\na\r\n0\r\n\r\n";
        Assert.Equal(Outcome.Malformed, Decode([Encoding.ASCII.GetBytes(wire)]).Outcome);
    }

    [Theory]
    [InlineData(1, LongTrailer - 10, true)]
    [InlineData(1, LongTrailer, false)]
    [InlineData(LongTrailer / 10, 1, true)]
    [InlineData((LongTrailer / 6) + 1, 1, false)]
    public void Trailers_AreBoundedTogether(int count, int length, bool accepted)
    {
        var trailers = string.Concat(Enumerable.Repeat($"X: {new string('y', length)}\r\n", count));
        var wire = $"1\r\na\r\n0\r\n{trailers}\r\n";
        Assert.Equal(accepted ? Outcome.Complete : Outcome.Malformed, Decode([Encoding.ASCII.GetBytes(wire)]).Outcome);
    }

    [Fact]
    public void BytesBehindTheEnd_StayInTheInput()
    {
        var decoder = default(ChunkedDecoder);
        ReadOnlySpan<byte> input = "1\r\na\r\n0\r\n\r\nHTTP/1.1"u8;
        Assert.True(decoder.TryRead(ref input, out _));
        Assert.False(decoder.TryRead(ref input, out var payload));
        Assert.True(decoder.IsComplete);
        Assert.True(payload.IsEmpty);
        Assert.Equal("HTTP/1.1"u8, input);
        Assert.False(decoder.TryRead(ref input, out _));
        Assert.Equal(8, input.Length);
    }

    [Fact]
    public void MalformedBody_StaysMalformedAndGivesNothingMore()
    {
        var decoder = default(ChunkedDecoder);
        ReadOnlySpan<byte> input = "z1\r\na\r\n0\r\n\r\n"u8;
        Assert.False(decoder.TryRead(ref input, out var payload));
        Assert.True(payload.IsEmpty);
        Assert.False(decoder.TryRead(ref input, out _));
        Assert.True(decoder.IsMalformed);
        Assert.False(decoder.IsComplete);
    }

    [Fact]
    public void RandomBodiesInRandomChunksAndSplits_ComeOutAsTheyWere()
    {
        var chunk = Gen.Select(Gen.Byte.Array[1, 40], Gen.Bool, Gen.Int[0, 6], Gen.OneOf("", ";a", " ;a=b", ";a=\"b c\""));
        var end = Gen.Select(Gen.OneOf("0", "000"), Gen.OneOf("", "A: b\r\n", "A: b\r\nC:\r\n"));
        Gen.Select(chunk.Array[0, 8], end, Gen.Int[0, 400].Array[0, 10]).Sample((chunks, last, places) =>
        {
            var wire = new List<byte>();
            foreach (var (bytes, upper, zeros, extension) in chunks)
            {
                var size = bytes.Length.ToString(upper ? "X" : "x", CultureInfo.InvariantCulture);
                wire.AddRange(Encoding.ASCII.GetBytes($"{new string('0', zeros)}{size}{extension}\r\n"));
                wire.AddRange(bytes);
                wire.AddRange("\r\n"u8);
            }
            wire.AddRange(Encoding.ASCII.GetBytes($"{last.Item1}\r\n{last.Item2}\r\n"));
            var (payload, outcome, unread) = Decode(Splits.At(wire.ToArray(), places));
            Assert.Equal(Outcome.Complete, outcome);
            Assert.Equal(chunks.SelectMany(c => c.Item1), payload);
            Assert.Equal(0, unread);
        }, iter: 5_000);
    }

    [Fact]
    public void ArbitraryBytes_EndTheSameWayInEverySplit()
    {
        var wires = Gen.OneOf("0", "1", "5", "a", ";", " ", "\r\n", "\r", "\n", "x").Array[0, 20];
        Gen.Select(wires, Gen.Int[0, 30].Array[0, 6]).Sample((tokens, places) =>
        {
            var bytes = Encoding.ASCII.GetBytes(string.Concat(tokens));
            var (wholePayload, wholeOutcome, wholeUnread) = Decode([bytes]);
            var (payload, outcome, unread) = Decode(Splits.At(bytes, places));
            Assert.Equal(wholeOutcome, outcome);
            Assert.Equal(wholePayload, payload);
            Assert.Equal(wholeUnread, unread);
        }, iter: 20_000);
    }

    [Fact]
    public void Decoding_AllocatesNothing()
    {
        var wire = "5;a=b\r\nhello\r\nB\r\n hello world\r\n0\r\nX: y\r\n\r\n"u8.ToArray();
        Assert.Equal(0, Allocations.Of(() =>
        {
            var decoder = default(ChunkedDecoder);
            ReadOnlySpan<byte> input = wire;
            while (decoder.TryRead(ref input, out _))
            {
            }
        }));
    }

    private static (byte[] Payload, Outcome Outcome, int Unread) Decode(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var decoder = default(ChunkedDecoder);
        var payload = new List<byte>();
        var unread = 0;
        foreach (var piece in pieces)
        {
            var input = piece.Span;
            while (decoder.TryRead(ref input, out var bytes))
            {
                Assert.False(bytes.IsEmpty);
                payload.AddRange(bytes);
            }
            unread += input.Length;
        }
        Assert.False(decoder.IsComplete && decoder.IsMalformed);
        var outcome = decoder.IsComplete ? Outcome.Complete : decoder.IsMalformed ? Outcome.Malformed : Outcome.Unfinished;
        return ([.. payload], outcome, unread);
    }
}
