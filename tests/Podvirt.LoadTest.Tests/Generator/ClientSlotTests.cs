using System.Text;
using Podvirt.LoadTest.Generator;

namespace Podvirt.LoadTest.Tests.Generator;

public class ClientSlotTests
{
    private static readonly LoadPlan s_plan = new() { Port = 1, Tokens = 3 };

    [Fact]
    public void AllTokensInOrder_IsClean()
    {
        var result = Receive("@1 5 1 ", "@2 6 0 ", "@3 7 0 ");
        Assert.Equal((1, 0L), (result.Clean, result.TokensAstray));
    }

    [Fact]
    public void SkippedToken_IsAstrayAndNotClean()
    {
        var result = Receive("@1 5 1 ", "@3 7 0 ");
        Assert.Equal((0, 1L), (result.Clean, result.TokensAstray));
        Assert.Equal("tokens missing", Assert.Single(result.Failures).Key);
    }

    [Fact]
    public void DoubledToken_IsAstray() => Assert.Equal(1, Receive("@1 5 1 ", "@1 5 1 ", "@2 6 0 ").TokensAstray);

    [Fact]
    public void EndWithoutDone_IsNoCleanEnd() => Assert.Equal("no [DONE]", Assert.Single(Receive(done: false, "@1 5 1 ", "@2 6 0 ", "@3 7 0 ").Failures).Key);

    [Fact]
    public void FirstToken_IsMeasuredWithoutTheEnginesOwnTime()
    {
        var recorder = new LoadRecorder();
        var slot = new ClientSlot(0, recorder);
        slot.Begin(0, intended: 1_000_000);
        slot.Received = 9_000_000;
        // At the engine from 2 to 7 ms: 1 ms there and 2 ms back remain.
        slot.OnEvent(new ReplyEvent(ReplyEventKind.Token, 1, Stamp: 7_000_000, Arrived: 2_000_000));
        var result = recorder.ToResult(1);
        Assert.Equal(8_000, result.FirstToken.P50, tolerance: 10);
        Assert.Equal(3_000, result.FirstTokenPath.P50, tolerance: 10);
        Assert.Equal(2_000, result.TokenDelay.P50, tolerance: 10);
    }

    private static LoadResult Receive(params string[] contents) => Receive(done: true, contents);

    private static LoadResult Receive(bool done, params string[] contents)
    {
        var recorder = new LoadRecorder();
        var slot = new ClientSlot(0, recorder);
        slot.Begin(0, intended: 1);
        slot.Received = 10;
        var body = string.Concat(contents.Select(c => $"data: {{\"choices\":[{{\"delta\":{{\"content\":\"{c}\"}}}}]}}\n\n")) + (done ? "data: [DONE]\n\n" : "");
        slot.Reader.Read(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {body.Length}\r\n\r\n{body}"), slot);
        slot.End(s_plan, reason: null);
        return recorder.ToResult(1);
    }
}
