using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;
using Podvirt.Simulator.Tests.Videos.Mp4;

namespace Podvirt.Simulator.Tests.Videos;

public sealed class VideoSyncTests
{
    private const string Sync = "/v1/videos/sync";

    [Fact]
    public async Task Answer_IsTheFileAndLeavesNoJob()
    {
        await using var engine = await VideoClient.StartAsync();
        using var response = await SendAsync(engine);
        Assert.Equal((HttpStatusCode.OK, "video/mp4"), (response.StatusCode, response.Content.Headers.ContentType!.ToString()));
        Assert.StartsWith("video_sync-", Header("X-Request-Id"), StringComparison.Ordinal);
        Assert.Equal("m", Header("X-Model"));
        Assert.InRange(double.Parse(Header("X-Inference-Time-S"), CultureInfo.InvariantCulture), 0, 60);
        Assert.Equal(("{}", "0.000"), (Header("X-Stage-Durations"), Header("X-Peak-Memory-MB")));
        Assert.Equal(4, new Mp4Reader(await response.Content.ReadAsByteArrayAsync()).Samples().Count);
        Assert.Empty(await engine.Client.ListAsync());

        string Header(string name) => Assert.Single(response.Headers.GetValues(name));
    }

    [Theory]
    [InlineData("fail-video=The oven is cold", HttpStatusCode.InternalServerError, "Video generation failed: The oven is cold")]
    [InlineData("fail-video=400:Blocked: not allowed", HttpStatusCode.BadRequest, "Blocked: not allowed")]
    [InlineData("lose-video", HttpStatusCode.InternalServerError, "Video generation failed: no output.")]
    [InlineData("hang-video", HttpStatusCode.GatewayTimeout, "Video generation timed out after 0.2s.")]
    public async Task VideoThatIsNotMade_IsAnError(string fault, HttpStatusCode status, string message)
    {
        await using var engine = await VideoClient.StartAsync("--sim-fault", fault, "--sim-video-sync-timeout", fault == "hang-video" ? "200ms" : "1m");
        using var response = await SendAsync(engine);
        Assert.Equal(status, response.StatusCode);
        Assert.Equal(message, VideoClient.Message(JsonNode.Parse(await response.Content.ReadAsStringAsync())!));
        await engine.Client.UntilAsync("running", "0");
    }

    [Fact]
    public async Task ClientThatLeaves_GivesUpItsTurn()
    {
        await using var engine = await VideoClient.StartAsync("--sim-fault", "hang-video");
        using var left = new CancellationTokenSource();
        var sending = engine.Client.Http.PostAsync(Sync, VideoClient.Form([("prompt", "x"), .. VideoClient.Small]), left.Token);
        await engine.Client.UntilAsync("running", "1");
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await engine.Client.UntilAsync("running", "0");
    }

    private static Task<HttpResponseMessage> SendAsync(InProcessEngine engine) =>
        engine.Client.Http.PostAsync(Sync, VideoClient.Form([("prompt", "x"), .. VideoClient.Small]));
}
