using System.Net;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Videos;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>Several gateways that share their jobs, each with a folder of its own: every job ends once, and is billed once.</summary>
public sealed class SharedVideosTests : IAsyncLifetime
{
    private readonly SharedState _state = new();
    private readonly FakeOutbox _outbox = new();
    private ObjectStore _bucket = null!;

    public async ValueTask InitializeAsync() => _bucket = await ObjectStore.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _bucket.DisposeAsync();
        _state.Dispose();
    }

    [Fact]
    public async Task JobOfAGatewayThatIsGone_GoesOnAtItsEngine_AtOneOther()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var first = await StartAsync("g1", [engine]);
        await using var second = await StartAsync("g2", [engine]);
        await using var third = await StartAsync("g3", [engine]);
        var id = VideoHost.IdOf(await first.CreateAsync(("seconds", "6")));
        await Eventually.TrueAsync(() => first.Book.All().Single().EngineJob is not null, "the engine has it");
        _state.Live.Remove("g1");
        await Eventually.TrueAsync(() => second.Runs.Running + third.Runs.Running == 1, "one of the others took it");

        // The first was only slow, and lets go of it.
        await first.NothingRunsAsync();
        engine.IsHeld = false;
        await third.UntilAsync(id, "completed");
        await first.UntilAsync(id, "completed");
        await Task.WhenAll(second.NothingRunsAsync(), third.NothingRunsAsync());
        Assert.Equal((1, 1), (engine.Made, second.Book.All().Single().Attempts));
        Assert.Equal(4_000_000, Assert.Single(_outbox.Records).VideoUs);
        Assert.Equal(engine.Video, await second.Client.GetByteArrayAsync($"/v1/videos/{id}/content"));
        Assert.Equal(0, HeldBy(first) + HeldBy(second) + HeldBy(third));
    }

    [Fact]
    public async Task WaitingJobOfAGatewayThatIsGone_IsSentFromTheSharedUpload()
    {
        await using var engine = new FakeOmni();
        await using var second = await StartAsync("g2", [engine]);
        string id;
        await using (var first = await StartAsync("g1", []))
        {
            id = VideoHost.IdOf(await first.CreateAsync());
            await first.Host.WaitingAsync(1);

            // At once, at a gateway that did not take it.
            Assert.Equal("queued", (await second.ShowAsync(id)).GetProperty("status").GetString());
        }
        _state.Live.Remove("g1");
        await second.UntilAsync(id, "completed");
        await second.NothingRunsAsync();
        Assert.Contains("a cat", engine.LastCreated.Body, StringComparison.Ordinal);
        Assert.Single(_outbox.Records);

        // The video; the upload is gone.
        Assert.Single(_bucket.Objects);
    }

    [Fact]
    public async Task DeletionAtAnotherGateway_StopsTheEngine()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var first = await StartAsync("g1", [engine]);
        await using var second = await StartAsync("g2", [engine]);
        var id = VideoHost.IdOf(await first.CreateAsync());
        await Eventually.TrueAsync(() => second.Book.All() is [{ EngineJob: not null }], "the other one knows that the engine has it");
        Assert.Equal(HttpStatusCode.OK, (await second.Client.DeleteAsync($"/v1/videos/{id}")).StatusCode);
        await first.NothingRunsAsync();
        await Eventually.TrueAsync(() => first.Book.All().Count + second.Book.All().Count == 0, "it is gone at both");
        Assert.Single(engine.Deleted);
        Assert.Equal(0, Assert.Single(_outbox.Records).VideoUs);
        Assert.Empty(_bucket.Objects);
        Assert.Equal(HttpStatusCode.NotFound, (await first.Client.GetAsync($"/v1/videos/{id}")).StatusCode);
    }

    [Fact]
    public async Task WithoutABucket_JobsAreRefused()
    {
        await using var engine = new FakeOmni();
        await using var host = await StartAsync("g1", [engine], inBucket: false);
        await host.Client.PostAsync("/v1/videos", VideoHost.Form(("prompt", "a cat"), ("model", "m"))).ErrorAsync(HttpStatusCode.ServiceUnavailable, "storage_not_shared");
        Assert.Equal(0, engine.Made);
    }

    private static long HeldBy(VideoHost host)
    {
        var project = host.Host.Accounts.ProjectOf(GatewayHost.Project);
        lock (project.Gate)
        {
            return (long)project.VideosOf("m").Reserved;
        }
    }

    private Task<VideoHost> StartAsync(string id, IReadOnlyList<FakeOmni> engines, bool inBucket = true)
    {
        var owners = _state.Enter(id);
        var options = new GatewayOptions();
        return VideoHost.StartAsync(
            engines,
            videos => videos.Bucket = inBucket ? _bucket.Options : null,
            given => options = given,
            outbox: _outbox,
            services: services => _state.Share(services, owners, options));
    }
}
