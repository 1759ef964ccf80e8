using System.Globalization;
using System.Text;
using Podvirt.Core.Http;
using Podvirt.Fuzz.References;

namespace Podvirt.Fuzz.Targets;

/// <summary><see cref="ChunkedDecoder"/> against <see cref="ChunkedReference"/>, and as the inverse of an encoder.</summary>
internal sealed class ChunkedTarget : FuzzTarget
{
    private static readonly string[] s_extensions = ["", ";a", " ;a=b", "\t; a=\"b c\"", " "];
    private static readonly string[] s_trailers = ["", "A: b\r\n", "A: b\r\nC:\r\n"];

    public override string Name => "chunked";

    public override IReadOnlyList<string> Tokens { get; } =
    [
        "\r\n", "\r", "\n", "0\r\n\r\n", "0", "1\r\na\r\n", "5\r\nhello\r\n", "5", "A", "f", "000", "fffffffffffffff", "FFFFFFFFFFFFFFFF", ";",
        ";a=b", " ", "\t", "X: y\r\n", "-1", "+1", "0x1", "\0", "g", "10\r\n", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ];

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting)
    {
        var expected = ChunkedReference.Read(input.Span);
        var chunks = CheckSame(expected, input, []);
        foreach (var cuts in splitting.Of(input.Length))
        {
            CheckSame(expected, input, cuts);
        }
        CheckRoundTrip(input, splitting);
        return HashCode.Combine(
            expected.Outcome,
            Math.Min(chunks, 4),
            Math.Min(expected.Unread, 2),
            expected.Outcome == ChunkedOutcome.Malformed ? Math.Min(input.Length - expected.Unread, 64) : 0);
    }

    private static int CheckSame(ChunkedBody expected, ReadOnlyMemory<byte> wire, int[] cuts)
    {
        var (found, chunks) = Decode(Splitting.Pieces(wire, cuts));
        Oracle.Equal(expected.Outcome, found.Outcome, "outcome");
        Oracle.Equal(expected.Payload.AsSpan(), found.Payload, "payload");
        Oracle.Equal(expected.Unread, found.Unread, "bytes left unread");
        return chunks;
    }

    // Any bytes, chunked in any way, come out as they were.
    private static void CheckRoundTrip(ReadOnlyMemory<byte> payload, Splitting splitting)
    {
        var random = new Random(payload.Length);
        var cuts = splitting.Of(payload.Length).Last();
        var wire = new List<byte>();
        foreach (var piece in Splitting.Pieces(payload, cuts).Where(p => p.Length > 0))
        {
            var format = random.Next(2) == 0 ? "x" : "X4";
            var extension = s_extensions[random.Next(s_extensions.Length)];
            wire.AddRange(Encoding.ASCII.GetBytes($"{piece.Length.ToString(format, CultureInfo.InvariantCulture)}{extension}\r\n"));
            wire.AddRange(piece.Span);
            wire.AddRange("\r\n"u8);
        }
        wire.AddRange(Encoding.ASCII.GetBytes($"0\r\n{s_trailers[random.Next(s_trailers.Length)]}\r\n"));
        var encoded = wire.ToArray();
        CheckSame(new ChunkedBody(payload.ToArray(), ChunkedOutcome.Complete, 0), encoded, splitting.Of(encoded.Length).Last());
    }

    private static (ChunkedBody Body, int Chunks) Decode(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var decoder = default(ChunkedDecoder);
        var payload = new List<byte>();
        var unread = 0;
        var chunks = 0;
        foreach (var piece in pieces)
        {
            var input = piece.Span;
            while (decoder.TryRead(ref input, out var bytes))
            {
                Oracle.Holds(bytes.Length > 0 && piece.Span.Overlaps(bytes), "a payload is no slice of the input");
                payload.AddRange(bytes);
                chunks++;
            }
            Oracle.Holds(input.Length == 0 || decoder.IsComplete || decoder.IsMalformed, "input was left although the body goes on");
            unread += input.Length;
        }
        Oracle.Holds(!(decoder.IsComplete && decoder.IsMalformed), "both complete and malformed");
        var outcome = decoder.IsComplete ? ChunkedOutcome.Complete : decoder.IsMalformed ? ChunkedOutcome.Malformed : ChunkedOutcome.Unfinished;
        return (new ChunkedBody([.. payload], outcome, unread), chunks);
    }
}
