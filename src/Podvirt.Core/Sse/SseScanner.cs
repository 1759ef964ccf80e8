using System.Buffers;
using System.Runtime.InteropServices;

namespace Podvirt.Core.Sse;

/// <summary>
/// Finds where events end in a stream of server-sent events that arrives in any split. Lines end in <c>\n</c>,
/// <c>\r\n</c> or <c>\r</c>; an event ends with an empty line (WHATWG HTML, "Server-sent events", 9.2.6).
/// Holds no bytes, only its place within a line. The stream's optional byte order mark is for whoever reads the first
/// event.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public struct SseScanner
{
    private static readonly SearchValues<byte> s_lineEnds = SearchValues.Create("\r\n"u8);

    private bool _lineHasBytes;
    private bool _eventHasBytes;
    private bool _afterCarriageReturn;

    /// <summary>True between events: nothing of the next one has been seen.</summary>
    public readonly bool IsBetweenEvents => !_eventHasBytes;

    /// <summary>
    /// Consumes bytes up to the end of the current event.
    /// </summary>
    /// <returns>
    /// How many bytes of <paramref name="bytes"/> belong to the event, its empty line included; -1 when it goes on past
    /// them, in which case all of them were consumed. A <c>\n</c> whose <c>\r</c> ended the event before is counted to
    /// the next event.
    /// </returns>
    public int FindEventEnd(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        if (_afterCarriageReturn && bytes.Length > 0)
        {
            _afterCarriageReturn = false;
            if (bytes[0] == (byte)'\n')
            {
                at = 1;
            }
        }

        while (at < bytes.Length)
        {
            // Every other line is empty: not worth a search.
            var found = bytes[at] is (byte)'\n' or (byte)'\r' ? 0 : bytes[at..].IndexOfAny(s_lineEnds);
            if (found != 0)
            {
                _lineHasBytes = true;
                _eventHasBytes = true;
            }
            if (found < 0)
            {
                return -1;
            }

            at += found;
            var isCarriageReturn = bytes[at] == (byte)'\r';
            at++;
            if (isCarriageReturn)
            {
                if (at == bytes.Length)
                {
                    _afterCarriageReturn = true;
                }
                else if (bytes[at] == (byte)'\n')
                {
                    at++;
                }
            }

            // Empty lines between events end nothing.
            var endsEvent = !_lineHasBytes && _eventHasBytes;
            _lineHasBytes = false;
            if (endsEvent)
            {
                _eventHasBytes = false;
                return at;
            }
        }
        return -1;
    }
}
