using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Videos;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>A server that stops and starts again, and what jobs make of it: each ends once, and is billed once.</summary>
public sealed class VideoRestartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-videos-").FullName;
    private readonly MemoryStateStore _store = new();
    private readonly FakeOutbox _outbox = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task JobAtAnEngine_GoesOnThere()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        string id;
        await using (var first = await StartAsync([engine]))
        {
            id = VideoHost.IdOf(await first.CreateAsync(("seconds", "6")));
            await Eventually.TrueAsync(() => engine.Jobs.Count == 1 && first.Book.All().Single().EngineJob is not null, "the engine has it");
        }
        Assert.Empty(_outbox.Records);
        Assert.Empty(engine.Deleted);

        await using var second = await StartAsync([engine]);
        await second.Host.InFlightAsync(1);
        engine.IsHeld = false;
        var done = await second.UntilAsync(id, "completed");

        Assert.Equal((1, 1), (engine.Made, done.GetProperty("podvirt").GetProperty("attempts").GetInt32()));
        Assert.Equal(4_000_000, Assert.Single(_outbox.Records).VideoUs);
        Assert.Equal(engine.Video, await second.Client.GetByteArrayAsync($"/v1/videos/{id}/content"));
    }

    [Fact]
    public async Task JobWhoseReplicaIsGone_IsSentAgain_AndThatIsNoLoss()
    {
        await using var gone = new FakeOmni { IsHeld = true };
        await using var next = new FakeOmni();
        string id;
        await using (var first = await StartAsync([gone]))
        {
            id = VideoHost.IdOf(await first.CreateAsync());
            await Eventually.TrueAsync(() => first.Book.All().Single().EngineJob is not null, "the engine has it");
        }

        await using var second = await StartAsync(null);
        await second.Host.PublishAsync(
            VideoHost.RouteOf([next]) with { Replicas = [Routes.Replica("m-new", next.Address, servedAs: "weights")] });
        await second.UntilAsync(id, "completed");

        Assert.Equal((2, 0), (second.Book.All().Single().Attempts, second.Book.All().Single().Losses));
        Assert.Equal("m-new", Assert.Single(_outbox.Records).Replica);
    }

    [Fact]
    public async Task WaitingJob_WaitsOn_AndHoldsItsLimits()
    {
        string id;
        await using (var first = await StartAsync([]))
        {
            id = VideoHost.IdOf(await first.CreateAsync(("seconds", "6")));
            await first.Host.WaitingAsync(1);
        }
        await using var engine = new FakeOmni();
        await using var second = await StartAsync([]);
        await second.Host.WaitingAsync(1);
        Assert.Equal(6_000_000, HeldBy(second));
        await second.ServeAsync([engine]);
        await second.UntilAsync(id, "completed");
        await second.NothingRunsAsync();
        Assert.Equal(0, HeldBy(second));
    }

    [Fact]
    public async Task ServerStoppedBetweenRecordAndEnd_BillsOnce_AndTheSame()
    {
        await using var engine = new FakeOmni();
        string id;
        await using (var first = await StartAsync([engine]))
        {
            _outbox.Hold();
            id = VideoHost.IdOf(await first.CreateAsync());
            await Eventually.TrueAsync(() => Volatile.Read(ref _outbox.Waiting) == 1, "the record is under way");

            // To its client it has not ended.
            Assert.Equal("in_progress", (await first.ShowAsync(id)).GetProperty("status").GetString());
            Assert.Equal(VideoStage.Settling, first.Book.All().Single().Stage);

            // As the store has it at a kill at this moment.
            var entry = Assert.Single(await _store.ListAsync("videos/"));
            _outbox.Release();
            await first.UntilAsync(id, "completed");
            await first.NothingRunsAsync();
            await _store.PutAsync(entry.Key, entry.Value);
        }

        await using var second = await StartAsync([engine]);
        await second.UntilAsync(id, "completed");

        // Twice the same record, to the last member: by its id it counts once.
        Assert.Equal(2, _outbox.Records.Count);
        Assert.Single(_outbox.Records.Distinct());
        Assert.Equal(1, engine.Made);
        Assert.Equal(engine.Video, await second.Client.GetByteArrayAsync($"/v1/videos/{id}/content"));
    }

    [Fact]
    public async Task StoreSilentDuringTheStart_IsWaitedForInACluster()
    {
        await using var engine = new FakeOmni();
        string id;
        await using (var first = await StartAsync([engine]))
        {
            id = VideoHost.IdOf(await first.CreateAsync());
            await first.UntilAsync(id, "completed");
        }

        _store.ListingsToFail = 1;
        await Assert.ThrowsAsync<IOException>(() => StartAsync([engine]));
        _store.ListingsToFail = 2;
        await using var second = await VideoHost.StartAsync(
            [engine], folder: _folder, store: _store, outbox: _outbox, services: static services => services.AddSingleton<PatientStart>());
        second.Host.MayLogErrors = true;

        Assert.Equal((id, 2), (VideoHost.IdOf(await second.ShowAsync(id)), second.Host.Errors.Count));
    }

    [Fact]
    public async Task OutboxThatTakesNothing_HoldsTheEndBack()
    {
        await using var engine = new FakeOmni();
        await using var host = await StartAsync([engine]);
        host.Host.MayLogErrors = true;
        _outbox.Fails = true;
        var id = VideoHost.IdOf(await host.CreateAsync());
        await Eventually.TrueAsync(() => !host.Host.Errors.IsEmpty, "an append has failed");
        Assert.Equal("in_progress", (await host.ShowAsync(id)).GetProperty("status").GetString());

        _outbox.Fails = false;
        await host.UntilAsync(id, "completed");
        Assert.Single(_outbox.Records);
    }

    [Fact]
    public async Task LeftoversOfTheFolder_AreSwept_AndStrangersAreNot()
    {
        var spool = Directory.CreateDirectory(Path.Combine(_folder, "spool")).FullName;
        var fetched = Directory.CreateDirectory(Path.Combine(_folder, "fetched")).FullName;
        var files = Directory.CreateDirectory(Path.Combine(_folder, "files")).FullName;
        var name = Guid.CreateVersion7().ToString("n");
        string[] leftovers = [Path.Combine(spool, name + ".form"), Path.Combine(fetched, name + ".part"), Path.Combine(files, name + ".mp4")];
        string[] strangers = [Path.Combine(spool, "notes.txt"), Path.Combine(files, "holiday.mp4")];
        foreach (var path in leftovers.Concat(strangers))
        {
            await File.WriteAllTextAsync(path, "x");
        }

        await using var host = await StartAsync([]);

        await Eventually.TrueAsync(() => !leftovers.Any(File.Exists), "the leftovers are gone");
        Assert.All(strangers, path => Assert.True(File.Exists(path)));
    }

    [Fact]
    public async Task VideoThatHasHadItsTime_Goes_WithItsFile()
    {
        await using var engine = new FakeOmni();
        await using var host = await StartAsync([engine], options => options.Keep = TimeSpan.FromMilliseconds(1));
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.NothingRunsAsync();
        await Eventually.TrueAsync(() => host.Book.All().All(j => j.ExpiresAt <= TimeProvider.System.GetUtcNow()), "its time is over");

        await host.Runs.SweepExpiredAsync(CancellationToken.None);

        Assert.Empty(host.Book.All());
        Assert.Empty(host.Stored);
        Assert.Single(_outbox.Records);
        Assert.NotEmpty(id);
    }

    [Fact]
    public async Task RecordThatCannotBeRead_IsLeftAlone()
    {
        await _store.PutAsync("videos/acme/broken", "{"u8.ToArray());
        await using var host = await StartAsync([]);
        host.Host.MayLogErrors = true;
        Assert.Empty(host.Book.All());
        Assert.Contains(host.Host.Errors, e => e.Contains("videos/acme/broken", StringComparison.Ordinal));
        Assert.Single(await _store.ListAsync("videos/"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task WhateverHappens_EachJobIsBilledOnce(int seed)
    {
        // Jobs among restarts, deletions and engines that forget: in the end each has one record, and those that completed one file.
        var random = new Random(seed);
        await using var engine = new FakeOmni { IsHeld = true };
        var all = new HashSet<Guid>();
        for (var round = 0; round < 4; round++)
        {
            await using var host = await StartAsync([engine], gateway: options => options.ReplicaSuspension = TimeSpan.Zero);
            for (var i = 0; i < 3; i++)
            {
                all.Add(Guid.ParseExact(VideoHost.IdOf(await host.CreateAsync())[6..], "n"));
            }
            engine.IsHeld = random.Next(2) == 0;
            // How far they got is left to chance; nothing is expected of it.
            await Task.Delay(random.Next(40));
            if (random.Next(3) == 0)
            {
                engine.Forget();
            }
            if (host.Book.List(null, null, null, 1, ascending: true) is [{ } oldest] && random.Next(2) == 0)
            {
                (await host.Client.DeleteAsync($"/v1/videos/{oldest.Name}")).Dispose();
            }
        }
        engine.IsHeld = false;
        await using var last = await StartAsync([engine], gateway: options => options.ReplicaSuspension = TimeSpan.Zero);
        await Eventually.TrueAsync(() => last.Runs.Running == 0 && last.Book.All().All(j => j.HasEnded), () => $"all have ended (seed {seed})");

        var records = _outbox.Records.ToList();
        Assert.Equal(all.Order(), records.Select(r => r.Id).Distinct().Order());
        Assert.All(records.GroupBy(r => r.Id), same => Assert.Single(same.Distinct()));
        foreach (var record in records.DistinctBy(r => r.Id))
        {
            Assert.Equal(record.Outcome == UsageOutcome.Completed ? 4_000_000 : 0, record.VideoUs);
        }
        Assert.Equal(
            last.Book.All().Where(j => j.Stage == VideoStage.Completed).Select(j => j.FileName).Order(),
            last.Stored.Select(p => Path.GetFileNameWithoutExtension(p)).Order());
        Assert.Empty(last.Spooled);
    }

    private static Int128 HeldBy(VideoHost host)
    {
        var project = host.Host.Accounts.ProjectOf(GatewayHost.Project);
        lock (project.Gate)
        {
            return project.VideosOf("m").Reserved;
        }
    }

    private async Task<VideoHost> StartAsync(
        IReadOnlyList<FakeOmni>? engines, Action<VideoOptions>? configure = null, Action<GatewayOptions>? gateway = null) => await VideoHost.StartAsync(
            engines,
            options =>
            {
                options.RejoinWait = TimeSpan.FromMilliseconds(200);
                configure?.Invoke(options);
            },
            gateway, _folder, _store, _outbox);
}
