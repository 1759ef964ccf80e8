using System.Text;
using Podvirt.Core.Sse;

namespace Podvirt.Core.Tests.Sse;

public sealed class SseEventTests
{
    [Theory]
    [InlineData("data: abc\n\n", 6, 3, 1)]
    [InlineData("data:abc\r\n\r\n", 5, 3, 1)]
    [InlineData("\ndata: abc\n\n", 7, 3, 1)]
    [InlineData(": note\nevent: e\ndata: abc\n\n", 22, 3, 1)]
    [InlineData("data:  abc\n\n", 6, 4, 1)]
    [InlineData("data: a\ndata: b\ndata: c\n\n", 6, 1, 3)]
    [InlineData("data\n\n", 4, 0, 1)]
    [InlineData("data:\n\n", 5, 0, 1)]
    [InlineData("data: \n\n", 6, 0, 1)]
    [InlineData("data: abc", 6, 3, 1)]
    [InlineData(": data: abc\n\n", 0, 0, 0)]
    [InlineData("Data: abc\n\n", 0, 0, 0)]
    [InlineData("\n\n", 0, 0, 0)]
    [InlineData("", 0, 0, 0)]
    public void FindData_PointsAtTheFirstValue(string sseEvent, int start, int length, int lines) =>
        Assert.Equal(new SseData(start, length, lines), SseEvent.FindData(Encoding.UTF8.GetBytes(sseEvent)));

    [Theory]
    [InlineData("data: {\ndata: \"a\":1\ndata: }\n\n", "{\n\"a\":1\n}")]
    [InlineData("data: {\r\nevent: e\r\ndata:}\r\n\r\n", "{\n}")]
    [InlineData("data\ndata\n\n", "\n")]
    [InlineData("data\ndata", "\n")]
    [InlineData("data: a\n\n", "a")]
    [InlineData(": a\n\n", "")]
    public void JoinData_JoinsWithLineFeedsAndFitsIntoTheEventsLength(string sseEvent, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(sseEvent);
        var joined = new byte[bytes.Length];
        Assert.Equal(expected, Encoding.UTF8.GetString(joined, 0, SseEvent.JoinData(bytes, joined)));
    }
}
