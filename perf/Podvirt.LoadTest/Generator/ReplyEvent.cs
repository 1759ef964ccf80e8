using System.Buffers.Text;

namespace Podvirt.LoadTest.Generator;

internal enum ReplyEventKind
{
    /// <summary>Nothing that is counted: a role chunk, a usage chunk.</summary>
    Other,
    Comment,
    Token,
    Done,
    Error,
}

/// <summary>One event of an answer, read no further than the measurement needs.</summary>
/// <param name="Number">The token's number in its stream; 0 where the engine does not number tokens.</param>
/// <param name="Stamp">When the engine sent it.</param>
/// <param name="Arrived">When the engine had the request; on the first token only.</param>
internal readonly record struct ReplyEvent(ReplyEventKind Kind, long Number = 0, long Stamp = 0, long Arrived = 0)
{
    public static ReplyEvent Read(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text[0] == (byte)':')
        {
            return new ReplyEvent(text.IsEmpty ? ReplyEventKind.Other : ReplyEventKind.Comment);
        }
        if (text.StartsWith("data: [DONE]"u8))
        {
            return new ReplyEvent(ReplyEventKind.Done);
        }
        if (text.StartsWith("data: {\"error\""u8))
        {
            return new ReplyEvent(ReplyEventKind.Error);
        }
        var content = text.IndexOf("\"content\":\""u8);
        return content < 0 ? new ReplyEvent(ReplyEventKind.Other) : ReadContent(text[(content + 11)..]);
    }

    /// <summary>Reads <c>@NUMBER STAMP ARRIVED </c>, the mock's content; any other content that is not empty is an unnumbered token.</summary>
    private static ReplyEvent ReadContent(ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty || content[0] == (byte)'"')
        {
            return new ReplyEvent(ReplyEventKind.Other);
        }
        if (content[0] != (byte)'@' || !TakeNumber(ref content, out var number) || !TakeNumber(ref content, out var stamp) || !TakeNumber(ref content, out var arrived))
        {
            return new ReplyEvent(ReplyEventKind.Token);
        }
        return new ReplyEvent(ReplyEventKind.Token, number, stamp, arrived);
    }

    private static bool TakeNumber(ref ReadOnlySpan<byte> text, out long number)
    {
        text = text[1..];
        if (!Utf8Parser.TryParse(text, out number, out var used) || used >= text.Length)
        {
            return false;
        }
        text = text[used..];
        return true;
    }
}
