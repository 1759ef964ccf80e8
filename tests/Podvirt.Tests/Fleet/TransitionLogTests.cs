using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Messages;
using Podvirt.Fleet;
using Podvirt.Messaging;

namespace Podvirt.Tests.Fleet;

public sealed class TransitionLogTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;
    private readonly SemaphoreSlim _heard = new(0);
    private ServiceProvider _services = null!;
    private TransitionLog _log = null!;

    public async ValueTask InitializeAsync()
    {
        _services = new ServiceCollection().AddPodvirtEmbeddedMessaging(_folder).BuildServiceProvider();
        _log = new TransitionLog(_services.GetRequiredService<IBus>());
        _log.TellTo(_ => _heard.Release());
        await _log.StartAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _log.StopAsync(CancellationToken.None);
        await _log.DisposeAsync();
        await _services.DisposeAsync();
        _heard.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Pages_GoFromTheNewestToTheOldest_WithoutGapOrRepetition()
    {
        await HearAsync([.. Enumerable.Range(1, 7).Select(number => Transitions.Of("a", number))]);
        var first = _log.Read(null, null, null, 3);
        var second = _log.Read(null, null, first.Next, 3);
        var third = _log.Read(null, null, second.Next, 3);

        Assert.Equal([7L, 6, 5, 4, 3, 2, 1], first.Newest.Concat(second.Newest).Concat(third.Newest).Select(t => t.Transition.Sequence));
        Assert.Null(third.Next);
    }

    [Fact]
    public async Task Filters_HoldTogether()
    {
        await HearAsync(Transitions.Of("a", 1), Transitions.Of("b", 2), Transitions.Of("a", 3));

        Assert.Equal([3L, 1], _log.Read("a", null, null, 10).Newest.Select(t => t.Transition.Sequence));
        Assert.Equal([2L], _log.Read(null, "r2", null, 10).Newest.Select(t => t.Transition.Sequence));
        Assert.Empty(_log.Read("a", "r2", null, 10).Newest);
    }

    [Fact]
    public async Task Gaps_AreCounted_AlsoOverANewScheduler()
    {
        await HearAsync(Transitions.Of("a", 1), Transitions.Of("a", 4));
        Assert.Equal(2, _log.Missed);
        await HearAsync(Transitions.Of("a", 0, epoch: 2), Transitions.Of("a", 1, epoch: 1_000_001), Transitions.Of("a", 2, epoch: 1_000_001));
        Assert.Equal(2, _log.Missed);
    }

    [Fact]
    public async Task OldestOnes_GiveWay()
    {
        foreach (var part in Enumerable.Range(1, TransitionLog.KeptMax + 5).Select(number => Transitions.Of("a", number)).Chunk(1000))
        {
            await HearAsync(part);
        }

        Assert.Equal(TransitionLog.KeptMax, _log.Read(null, null, null, 100_000).Newest.Count);
        Assert.Equal(6, _log.Read(null, null, null, 100_000).Newest[^1].Transition.Sequence);
    }

    private async Task HearAsync(params ReplicaTransition[] transitions)
    {
        var bus = _services.GetRequiredService<IBus>();
        foreach (var transition in transitions)
        {
            await bus.PublishAsync(Subjects.Transitions, transition);
        }

        foreach (var _ in transitions)
        {
            Assert.True(await _heard.WaitAsync(TimeSpan.FromSeconds(20)));
        }
    }
}
