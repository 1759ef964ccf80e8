using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

public sealed class OutgoingTests
{
    private readonly Outgoing _outgoing = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steps_ComeInTheirOrder()
    {
        var topic = new Topic("one");
        _outgoing.Offer(topic, "before");
        _outgoing.Subscribe(topic);
        _outgoing.Offer(topic, "after");

        Assert.Equal(["before", null, "after"], [await NextAsync(), await NextAsync(), await NextAsync()]);
    }

    [Fact]
    public async Task TooManyMessages_DisplaceTheOldestButNoSubscription()
    {
        var (first, second) = (new Topic("first"), new Topic("second"));
        Assert.Null(_outgoing.Offer(first, "oldest"));
        _outgoing.Subscribe(first);
        for (var i = 1; i < Outgoing.MessagesMax; i++)
        {
            Assert.Null(_outgoing.Offer(second, i));
        }

        Assert.Same(first, _outgoing.Offer(second, "newest"));
        Assert.Same(second, _outgoing.Offer(second, "newer still"));

        Assert.Null(await NextAsync());
        Assert.Equal(2, await NextAsync());
    }

    [Fact]
    public async Task EmptyQueue_IsWaitedFor()
    {
        var next = NextAsync();
        Assert.False(next.IsCompleted);

        _outgoing.Offer(new Topic("one"), "here");

        Assert.Equal("here", await next);
    }

    private async Task<object?> NextAsync() => (await _outgoing.TakeAsync(Ended)).Message;

    private sealed class Topic(string subject) : NatsTopic
    {
        public override string Subject => subject;

        public override Task Completion => Task.CompletedTask;

        public override ValueTask SendAsync(object message, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override ValueTask SubscribeAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
