using System.Runtime.InteropServices;

namespace Podvirt.Core.Http;

/// <summary>
/// Takes the chunked transfer coding (RFC 9112, 7.1) off a body that arrives in any split, in place: payloads are slices
/// of the input. Strict: a bare <c>\n</c> ends no line, sizes have at most 15 hex digits, extensions and trailers are
/// bounded and dropped.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public struct ChunkedDecoder
{
    /// <summary>Most bytes of chunk extensions in one size line; nobody sends any.</summary>
    public const int ExtensionBytesMax = 256;

    /// <summary>Most bytes of all trailer lines.</summary>
    public const int TrailerBytesMax = 8 * 1024;

    private const int SizeDigitsMax = 15;

    // Sizes of up to so many digits are read at once, where all of their line is there.
    private const int PlainSizeDigitsMax = 7;

    private enum State : byte
    {
        SizeFirst,
        Size,
        Blank,
        Extension,
        SizeLineFeed,
        Data,
        DataCarriageReturn,
        DataLineFeed,
        TrailerStart,
        Trailer,
        TrailerLineFeed,
        EndLineFeed,
        End,
        Malformed,
    }

    private State _state;
    private long _remaining;
    private int _counted;

    /// <summary>The last chunk and the trailers have been read.</summary>
    public readonly bool IsComplete => _state == State.End;

    public readonly bool IsMalformed => _state == State.Malformed;

    /// <summary>
    /// Reads on until there is a payload, the input is used up, the body ends, or it proves malformed.
    /// </summary>
    /// <param name="input">Advanced past what was read.</param>
    /// <param name="payload">A slice of the input; empty when there was none.</param>
    /// <returns>True when <paramref name="payload"/> holds bytes: call again for more.</returns>
    public bool TryRead(ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        while (input.Length > 0 && _state is not (State.End or State.Malformed))
        {
            if (_state == State.Data)
            {
                var take = (int)Math.Min(_remaining, input.Length);
                payload = input[..take];
                input = input[take..];
                _remaining -= take;
                if (_remaining == 0)
                {
                    _state = State.DataCarriageReturn;
                }
                return true;
            }
            var taken = StepOverPlainFraming(input);
            if (taken == 0)
            {
                Step(input[0]);
                taken = 1;
            }
            input = input[taken..];
        }
        return false;
    }

    // What stands between two chunks of nearly every body, where it comes in one piece: a line end behind the data, then digits
    // and a line end. Leads to the state that single steps lead to; anything else is left to them.
    private int StepOverPlainFraming(ReadOnlySpan<byte> input)
    {
        if (_state == State.DataCarriageReturn && input.StartsWith("\r\n"u8))
        {
            _state = State.SizeFirst;
            _counted = 0;
            return 2;
        }
        if (_state != State.SizeFirst)
        {
            return 0;
        }
        var size = 0;
        for (var digits = 0; digits + 1 < input.Length && digits <= PlainSizeDigitsMax; digits++)
        {
            var digit = HexValue(input[digits]);
            if (digit >= 0)
            {
                size = (size << 4) | digit;
                continue;
            }
            if (size == 0 || input[digits] != (byte)'\r' || input[digits + 1] != (byte)'\n')
            {
                return 0;
            }
            _remaining = size;
            _counted = 0;
            _state = State.Data;
            return digits + 2;
        }
        return 0;
    }

    private void Step(byte b)
    {
        switch (_state)
        {
            case State.SizeFirst or State.Size:
                StepSize(b);
                break;
            case State.Blank:
                _state = b switch
                {
                    _ when ++_counted > ExtensionBytesMax => State.Malformed,
                    (byte)' ' or (byte)'\t' => State.Blank,
                    (byte)';' => State.Extension,
                    (byte)'\r' => State.SizeLineFeed,
                    _ => State.Malformed,
                };
                break;
            case State.Extension:
                _state = b switch
                {
                    (byte)'\r' => State.SizeLineFeed,
                    (byte)'\n' => State.Malformed,
                    _ => ++_counted > ExtensionBytesMax ? State.Malformed : State.Extension,
                };
                break;
            case State.SizeLineFeed:
                _counted = 0;
                _state = b != (byte)'\n' ? State.Malformed : _remaining > 0 ? State.Data : State.TrailerStart;
                break;
            case State.DataCarriageReturn:
                _state = b == (byte)'\r' ? State.DataLineFeed : State.Malformed;
                break;
            case State.DataLineFeed:
                _counted = 0;
                _state = b == (byte)'\n' ? State.SizeFirst : State.Malformed;
                break;
            case State.EndLineFeed:
                _state = b == (byte)'\n' ? State.End : State.Malformed;
                break;
            default:
                StepTrailer(b);
                break;
        }
    }

    private void StepSize(byte b)
    {
        var digit = HexValue(b);
        if (digit >= 0)
        {
            _remaining = (_state == State.SizeFirst ? 0 : _remaining << 4) | (uint)digit;
            _state = ++_counted > SizeDigitsMax ? State.Malformed : State.Size;
            return;
        }
        var hasDigits = _state == State.Size;
        _counted = 0;
        _state = b switch
        {
            (byte)'\r' when hasDigits => State.SizeLineFeed,
            (byte)';' when hasDigits => State.Extension,
            (byte)' ' or (byte)'\t' when hasDigits => State.Blank,
            _ => State.Malformed,
        };
    }

    private void StepTrailer(byte b)
    {
        if (++_counted > TrailerBytesMax)
        {
            _state = State.Malformed;
            return;
        }
        _state = (_state, b) switch
        {
            (State.TrailerStart, (byte)'\r') => State.EndLineFeed,
            (State.TrailerLineFeed, (byte)'\n') => State.TrailerStart,
            (State.TrailerLineFeed, _) => State.Malformed,
            (_, (byte)'\n') => State.Malformed,
            (_, (byte)'\r') => State.TrailerLineFeed,
            _ => State.Trailer,
        };
    }

    private static int HexValue(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };
}
