using System.Text;

namespace Podvirt.Messaging.Tests;

/// <summary>What leases do, whoever keeps them. A derived class says how time passes.</summary>
public abstract class LeasesContract
{
    protected static CancellationToken Ended => TestContext.Current.CancellationToken;

    protected abstract ILeases Leases { get; }

    /// <summary>Until every lease that nobody renews has ended, and a moment more.</summary>
    protected abstract Task OutliveAsync();

    /// <summary>A part of the period.</summary>
    protected abstract Task WaitAsync(double periods);

    [Fact]
    public async Task FreeName_IsTakenOnce()
    {
        var first = await TakeAsync("leader/scheduler", "one");

        Assert.Equal(("leader/scheduler", first.Token), (first.Name, first.Revision));
        Assert.Null(await Leases.TryTakeAsync("leader/scheduler", Bytes("two"), Ended));
        Assert.Equal("leader/scheduler=one", Assert.Single(await ListAsync("")));
    }

    [Fact]
    public async Task OtherName_IsFree()
    {
        await TakeAsync("leader/scheduler", "one");

        Assert.NotNull(await Leases.TryTakeAsync("leader/metering", Bytes("two"), Ended));
    }

    [Fact]
    public async Task ManyAtOnce_HaveOneHolder()
    {
        var taken = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Leases.TryTakeAsync("race", Bytes($"{i}"), Ended).AsTask()));

        Assert.Single(taken, lease => lease is not null);
    }

    [Fact]
    public async Task Renewal_KeepsTheTokenAndShowsTheNewValue()
    {
        var lease = await TakeAsync("gateways/a", "old");

        var renewed = await Leases.TryRenewAsync(lease, Bytes("new"), Ended);

        Assert.Equal((lease.Name, lease.Token), (renewed!.Name, renewed.Token));
        Assert.True(renewed.Revision > lease.Revision);
        Assert.Equal("gateways/a=new", Assert.Single(await ListAsync("gateways/")));
    }

    [Fact]
    public async Task RenewedLease_OutlivesItsFirstPeriod()
    {
        var lease = await TakeAsync("kept", "x");
        for (var i = 0; i < 6; i++)
        {
            await WaitAsync(0.25);
            lease = (await Leases.TryRenewAsync(lease, Bytes("x"), Ended))!;
        }

        Assert.Null(await Leases.TryTakeAsync("kept", Bytes("y"), Ended));
        Assert.Equal("kept=x", Assert.Single(await ListAsync("")));
    }

    [Fact]
    public async Task LeaseThatIsNotRenewed_EndsAndTheNextTokenIsHigher()
    {
        var first = await TakeAsync("a", "1");
        await OutliveAsync();

        Assert.Empty(await ListAsync(""));
        Assert.Null(await Leases.TryRenewAsync(first, Bytes("1"), Ended));
        var second = await TakeAsync("a", "2");
        Assert.True(second.Token > first.Token);
        Assert.Null(await Leases.TryRenewAsync(first, Bytes("1"), Ended));
        await Leases.ReleaseAsync(first, Ended);
        Assert.Equal("a=2", Assert.Single(await ListAsync("")));
    }

    [Fact]
    public async Task Release_FreesTheNameAtOnce()
    {
        var first = await TakeAsync("a", "1");
        await Leases.ReleaseAsync(first, Ended);

        Assert.Empty(await ListAsync(""));
        Assert.Null(await Leases.TryRenewAsync(first, Bytes("1"), Ended));
        Assert.True((await TakeAsync("a", "2")).Token > first.Token);
        await Leases.ReleaseAsync(first, Ended);
        Assert.Equal("a=2", Assert.Single(await ListAsync("")));
    }

    [Fact]
    public async Task ReleaseByAnOlderRenewal_FreesItToo()
    {
        var first = await TakeAsync("a", "1");
        await Leases.TryRenewAsync(first, Bytes("1"), Ended);

        await Leases.ReleaseAsync(first, Ended);

        Assert.Empty(await ListAsync(""));
    }

    /// <summary>The answer to a renewal may be lost: its holder only knows the revision before.</summary>
    [Fact]
    public async Task RenewalByAnOlderRevision_IsTheHoldersOwn()
    {
        var first = await TakeAsync("a", "1");
        await Leases.TryRenewAsync(first, Bytes("2"), Ended);

        var again = await Leases.TryRenewAsync(first, Bytes("3"), Ended);

        Assert.Equal(first.Token, again!.Token);
        Assert.Equal("a=3", Assert.Single(await ListAsync("")));
    }

    [Fact]
    public async Task List_IsByNameAndPrefix()
    {
        foreach (var name in (string[])["gateways/b", "gateways/a", "gateway", "leader/x", "gateways/~*>"])
        {
            await TakeAsync(name, name);
        }

        Assert.Equal(["gateways/a", "gateways/b", "gateways/~*>"], (await Leases.ListAsync("gateways/", Ended)).Select(l => l.Name));
        Assert.Equal(5, (await Leases.ListAsync("", Ended)).Count);
    }

    [Fact]
    public async Task EmptyValue_IsAValue()
    {
        await TakeAsync("a", "");

        Assert.Equal("a=", Assert.Single(await ListAsync("")));
    }

    [Fact]
    public async Task BadName_IsRefused()
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Leases.TryTakeAsync("a b", Bytes("x"), Ended));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Leases.ListAsync("ä", Ended));
    }

    protected async Task<NamedLease> TakeAsync(string name, string value)
    {
        var lease = await Leases.TryTakeAsync(name, Bytes(value), Ended);
        Assert.NotNull(lease);
        return lease;
    }

    protected async Task<List<string>> ListAsync(string prefix) =>
        [.. (await Leases.ListAsync(prefix, Ended)).Select(l => $"{l.Name}={Encoding.UTF8.GetString(l.Value.Span)}")];

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
