using System.Net;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Sleep;

public sealed class OmniSleepTests
{
    private const string Sleep = "/v1/omni/sleep";
    private const string Wake = "/v1/omni/wakeup";
    private const string Stage = """{"stage_ids":[0]}""";

    [Fact]
    public async Task Level1_SleepsAndWakes()
    {
        await using var engine = await InProcessEngine.StartAsync("--omni");
        Assert.Equal((HttpStatusCode.OK, """{"status":"SUCCESS","acks":[]}"""), await engine.Client.SendAsync(Sleep, """{"stage_ids":[0],"level":1}"""));
        Assert.Equal("1", await engine.Client.StateAsync("sleep_level"));
        Assert.Equal((HttpStatusCode.OK, """{"status":"SUCCESS","acks":[]}"""), await engine.Client.SendAsync(Wake, Stage));
        await engine.Client.ChatAsync("hi");
    }

    [Fact]
    public async Task WakeOfAnAwakeStage_IsSkipped()
    {
        await using var engine = await InProcessEngine.StartAsync("--omni");
        Assert.Equal((HttpStatusCode.OK, """{"status":"SKIPPED","acks":[]}"""), await engine.Client.SendAsync(Wake, Stage));
    }

    [Fact]
    public async Task LevelThatIsNotSaid_Is2AndNeverWakes()
    {
        await using var engine = await InProcessEngine.StartAsync("--omni");
        await engine.Client.SendAsync(Sleep, Stage);
        Assert.Equal("2", await engine.Client.StateAsync("sleep_level"));
        Assert.Equal(HttpStatusCode.InternalServerError, (await engine.Client.SendAsync(Wake, Stage)).Status);
        Assert.Equal("2", await engine.Client.StateAsync("sleep_level"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"stage_ids":[]}""")]
    [InlineData("""{"stage_ids":[1]}""")]
    [InlineData("""{"stage_ids":[0],"level":-1}""")]
    public async Task StageThatIsNotThere_IsRefused(string body)
    {
        await using var engine = await InProcessEngine.StartAsync("--omni");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await engine.Client.SendAsync(Sleep, body)).Status);
    }

    [Fact]
    public async Task OtherSleepApi_IsNotThere()
    {
        await using var engine = await InProcessEngine.StartAsync("--omni");
        Assert.Equal(HttpStatusCode.NotFound, (await engine.Client.SendAsync("/sleep?level=1")).Status);
    }
}
