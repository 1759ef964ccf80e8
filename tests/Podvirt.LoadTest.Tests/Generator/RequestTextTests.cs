using System.Text;
using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.MockEngine;

namespace Podvirt.LoadTest.Tests.Generator;

public class RequestTextTests
{
    [Fact]
    public void Request_TellsTheEngineWhatThePlanSays()
    {
        var request = EngineRequest.Parse(Body(new LoadPlan { Port = 1, Tokens = 7, GapUs = 20, FirstUs = 30, Padding = 5, Usage = UsageOption.Continuous }, id: 42));
        Assert.Equal((42, 7, 20_000, 30_000, 5), (request.Id, request.Tokens, request.Gap, request.First, request.Padding));
        Assert.True(request is { Stream: true, IncludeUsage: true, ContinuousUsage: true });
    }

    [Fact]
    public void LaterRequestWithoutSession_IsNoLongerThanTheFirst()
    {
        var plan = new LoadPlan { Port = 1 };
        Assert.Equal(RequestText.Render(plan, 1, slot: 0, turn: 0).Length, RequestText.Render(plan, 1, slot: 0, turn: 9).Length);
    }

    [Fact]
    public void LaterTurnOfAConversation_BeginsWithTheTurnsBefore()
    {
        var plan = new LoadPlan { Port = 1, Session = SessionChoice.PerSlot, PromptGrowth = 100 };
        var first = Messages(plan, turn: 0);
        Assert.StartsWith(first, Messages(plan, turn: 1), StringComparison.Ordinal);
    }

    private static string Messages(LoadPlan plan, int turn)
    {
        var text = Encoding.UTF8.GetString(Body(plan, id: 1, turn));
        return text[..text.IndexOf("],\"stream\"", StringComparison.Ordinal)];
    }

    private static byte[] Body(LoadPlan plan, long id, int turn = 0)
    {
        var bytes = RequestText.Render(plan, id, slot: 0, turn);
        return bytes[(bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
    }
}
