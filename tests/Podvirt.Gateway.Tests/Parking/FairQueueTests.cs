using CsCheck;
using Podvirt.Gateway.Parking;

namespace Podvirt.Gateway.Tests.Parking;

public sealed class FairQueueTests
{
    private sealed record Item(string Project, string Key, int Number);

    private static readonly Gen<(int Project, int Key, int Action)[]> s_steps =
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 9]).Array[0, 300];

    [Fact]
    public void AnyMixOfAddsTakesAndRemovals_KeepsOrderAndCounts() => s_steps.Sample(steps =>
    {
        var queue = new FairQueue<Item>();
        var places = new List<(FairQueue<Item>.Place Place, Item Item)>();
        var number = 0;
        foreach (var (project, key, action) in steps)
        {
            if (action < 6)
            {
                var item = new Item($"p{project}", $"k{key}", number++);
                places.Add((queue.Enqueue(item.Project, item.Key, item), item));
            }
            else if (action < 8)
            {
                Assert.Equal(places.Count > 0, queue.TryPeek(out var peeked));
                Assert.Equal(places.Count > 0, queue.TryDequeue(out var taken));
                Assert.Same(peeked, taken);
                if (taken is not null)
                {
                    // First come first served within its key.
                    Assert.Equal(places.Where(p => (p.Item.Project, p.Item.Key) == (taken.Project, taken.Key)).Min(p => p.Item.Number), taken.Number);
                    places.RemoveAll(p => p.Item == taken);
                }
            }
            else if (places.Count > 0)
            {
                var at = (project * 7 + key) % places.Count;
                queue.Remove(places[at].Place);
                places.RemoveAt(at);
            }
            Assert.Equal(places.Count, queue.Count);
            Assert.Equal(places.Count == 0 ? null : places.MinBy(p => p.Item.Number).Item, queue.Oldest);
        }
    });

    [Fact]
    public void ProjectsThatAllWait_TakeTurns() => Gen.Int[1, 40].Array[2, 5].Sample(counts =>
    {
        var queue = new FairQueue<Item>();
        for (var project = 0; project < counts.Length; project++)
        {
            for (var i = 0; i < counts[project]; i++)
            {
                queue.Enqueue($"p{project}", $"k{i % 2}", new Item($"p{project}", $"k{i % 2}", i));
            }
        }
        var rounds = counts.Min();
        for (var round = 0; round < rounds; round++)
        {
            var served = Enumerable.Range(0, counts.Length).Select(_ => Take(queue).Project).ToArray();
            Assert.Equal(counts.Length, served.Distinct().Count());
        }
    });

    [Fact]
    public void KeysOfOneProject_TakeTurns()
    {
        var queue = new FairQueue<Item>();
        for (var i = 0; i < 1000; i++)
        {
            queue.Enqueue("p", "busy", new Item("p", "busy", i));
        }
        queue.Enqueue("p", "quiet", new Item("p", "quiet", 0));
        Assert.Equal(["busy", "quiet", "busy", "busy"], Enumerable.Range(0, 4).Select(_ => Take(queue).Key));
    }

    [Fact]
    public void ProjectWithTenThousandRequests_DelaysAnothersFirstByOnePlace()
    {
        var queue = new FairQueue<Item>();
        for (var i = 0; i < 10_000; i++)
        {
            queue.Enqueue("busy", $"k{i % 50}", new Item("busy", $"k{i % 50}", i));
        }
        queue.Enqueue("quiet", "k", new Item("quiet", "k", 0));
        Take(queue);
        Assert.Equal("quiet", Take(queue).Project);
    }

    [Fact]
    public void ItemThatComesBack_IsFirstOfItsKey()
    {
        var queue = new FairQueue<Item>();
        queue.Enqueue("p", "k", new Item("p", "k", 1));
        queue.EnqueueFirst("p", "k", new Item("p", "k", 0));
        Assert.Equal([0, 1], new[] { Take(queue).Number, Take(queue).Number });
        Assert.False(queue.TryDequeue(out _));
    }

    private static Item Take(FairQueue<Item> queue)
    {
        Assert.True(queue.TryDequeue(out var item));
        return item;
    }
}
