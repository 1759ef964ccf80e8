using System.Text;
using Podvirt.Fleet;

namespace Podvirt.Tests.Fleet;

public sealed class EventMailboxTests
{
    private readonly EventMailbox _mailbox = new(isAdmin: true);

    [Fact]
    public void Level_ReplacesItsPredecessor_AndTransitionsKeepTheirOrder()
    {
        _mailbox.Set("models", "1"u8.ToArray());
        _mailbox.Add(new FeedEvent("transition", "a"u8.ToArray()));
        _mailbox.Set("models", "2"u8.ToArray());
        _mailbox.Add(new FeedEvent("transition", "b"u8.ToArray()));

        Assert.Equal(["transition a", "transition b", "models 2"], Take(out var lost));
        Assert.Equal(0, lost);
        Assert.Empty(Take(out _));
    }

    [Fact]
    public void ListenerThatIsTooFarBehind_LosesTheOldest_AndIsToldHowMany()
    {
        for (var i = 0; i < EventMailbox.QueueMax + 3; i++)
        {
            _mailbox.Add(new FeedEvent("transition", Encoding.UTF8.GetBytes($"{i}")));
        }

        Assert.Equal("transition 3", Take(out var lost)[0]);
        Assert.Equal(3, lost);
    }

    [Fact]
    public void Filled_WaitsForTheNext_AfterEachTake()
    {
        Assert.False(_mailbox.Filled.IsCompleted);
        _mailbox.Set("fleet", []);
        Assert.True(_mailbox.Filled.IsCompleted);
        Take(out _);
        Assert.False(_mailbox.Filled.IsCompleted);
    }

    private List<string> Take(out long lost) =>
        [.. _mailbox.TakeAll(out lost).Select(taken => $"{taken.Name} {Encoding.UTF8.GetString(taken.Data)}")];
}
