using System.Net;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Videos;

public sealed class VideoFaultTests
{
    [Theory]
    [InlineData("fail-video", HttpStatusCode.InternalServerError, "CUDA error: an illegal memory access was encountered")]
    [InlineData("fail-video=No: really", HttpStatusCode.InternalServerError, "No: really")]
    [InlineData("fail-video=400:Blocked.", HttpStatusCode.BadRequest, "Blocked.")]
    public async Task FailedJob_AnswersItsStatusWithItself(string fault, HttpStatusCode status, string message)
    {
        await using var engine = await VideoClient.StartAsync("--sim-fault", fault);
        var id = await engine.Client.CreateAsync();
        await engine.Client.UntilJobAsync(id, "failed");
        var (answered, job) = await engine.Client.JobAsync(id);
        Assert.Equal((status, id), (answered, (string)job["id"]!));
        Assert.Equal($$"""{"code":{{(int)status}},"message":"{{message}}"}""", job["error"]!.ToJsonString());
        Assert.NotNull(job["completed_at"]);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await engine.Client.ContentAsync(id)).StatusCode);
        // In a list it is one like the others.
        Assert.Equal([id], await engine.Client.ListAsync());
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.DeleteAsync(id)).Status);
    }

    [Fact]
    public async Task LostJob_IsUnknownAsAfterANewStart()
    {
        await using var engine = await VideoClient.StartAsync("--sim-fault", "lose-video");
        var id = await engine.Client.CreateAsync();
        await EngineClient.UntilAsync(async () => (await engine.Client.JobAsync(id)).Status == HttpStatusCode.NotFound, "the job is gone");
        Assert.Equal("Video not found", VideoClient.Message((await engine.Client.JobAsync(id)).Body));
    }

    [Fact]
    public async Task CutFile_EndsInTheMiddleOnce()
    {
        await using var engine = await VideoClient.StartAsync();
        await engine.Client.PostAsync("/sim/faults", """{"name":"cut-video","times":1}""");
        var id = await engine.Client.CreateAsync();
        await engine.Client.UntilJobAsync(id, "completed");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => engine.Client.ContentAsync(id));
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.ContentAsync(id)).StatusCode);
    }

    [Fact]
    public async Task EngineThatDiesInAVideo_KnowsNoJobAfterwards()
    {
        await using var dying = await EngineProcess.Start("--omni", "--sim-type", "video", "--sim-video-time", "100ms", "--sim-fault", "die-in-video").HealthyAsync();
        var id = await dying.Client.CreateAsync();
        Assert.NotEqual(0, await dying.ExitAsync());
        await using var next = await EngineProcess.Start("--omni", "--sim-type", "video").HealthyAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await next.Client.JobAsync(id)).Status);
    }

    [Fact]
    public async Task StopDuringAJob_EndsTheEngine()
    {
        await using var engine = await EngineProcess.Start("--omni", "--sim-type", "video", "--sim-fault", "hang-video=deaf").HealthyAsync();
        await engine.Client.UntilJobAsync(await engine.Client.CreateAsync(), "in_progress");
        engine.Terminate();
        Assert.Equal(0, await engine.ExitAsync());
    }

    [Fact]
    public async Task FaultWithAWrongArgument_IsRefused()
    {
        await using var engine = await VideoClient.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Client.SendAsync("/sim/faults", """{"name":"hang-video","arg":"blind"}""")).Status);
    }
}
