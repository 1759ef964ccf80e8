using Podvirt.Messaging;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

public sealed class EpochClaimTests
{
    private readonly TestStore _store = new();

    [Fact]
    public async Task LaterClaim_IsHigher_AndTheEarlierOneConfirmsNoMore()
    {
        using var first = await RaiseAsync("a");
        Assert.True(await first.ConfirmAsync(CancellationToken.None));
        Assert.True(await first.ConfirmAsync(CancellationToken.None));
        using var second = await RaiseAsync("b");
        Assert.Equal((1, 2), (first.Epoch, second.Epoch));
        Assert.False(await first.ConfirmAsync(CancellationToken.None));
        Assert.True(await second.ConfirmAsync(CancellationToken.None));
    }

    [Fact]
    public async Task EpochThatTheStoreHasLost_IsNotRaisedAgain()
    {
        await _store.PutAsync(EpochRecord.Key, """{"epoch":7}"""u8.ToArray());
        using var claim = await EpochClaim.RaiseAsync(_store, "a", CancellationToken.None, above: 9);
        Assert.Equal(10, claim.Epoch);
    }

    [Fact]
    public async Task RecordOfAnEarlierRelease_IsGoneOnFrom()
    {
        await _store.PutAsync(EpochRecord.Key, """{"epoch":41}"""u8.ToArray());
        using var claim = await RaiseAsync("a");
        Assert.Equal(42, claim.Epoch);
    }

    [Fact]
    public async Task OtherLeaderWithTheSameEpoch_AsAfterALossOfTheStoresEnd_IsNotTakenForOneself()
    {
        using var lost = await RaiseAsync("a");
        await _store.DeleteAsync(EpochRecord.Key);
        using var other = await RaiseAsync("b");

        Assert.Equal(lost.Epoch, other.Epoch);
        Assert.False(await lost.ConfirmAsync(CancellationToken.None));
        Assert.True(await other.ConfirmAsync(CancellationToken.None));
    }

    [Fact]
    public async Task OwnWriteWhoseAnswerWasLost_IsNoOtherLeaders()
    {
        using var claim = await RaiseAsync("a");
        var entry = await _store.GetAsync(EpochRecord.Key);
        await _store.PutAsync(EpochRecord.Key, entry!.Value);
        Assert.True(await claim.ConfirmAsync(CancellationToken.None));
    }

    [Fact]
    public async Task ThoseWhoAskAtTheSameTime_ShareAWriteThatBeginsAfterThem()
    {
        var store = new GatedStore();
        using var claim = await EpochClaim.RaiseAsync(store, "a", CancellationToken.None);
        store.Writes.Clear();
        store.Close();
        var first = claim.ConfirmAsync(CancellationToken.None).AsTask();
        await store.Waiting;
        var others = Enumerable.Range(0, 20).Select(_ => claim.ConfirmAsync(CancellationToken.None).AsTask()).ToList();
        store.Open();
        Assert.True(await first);
        Assert.All(await Task.WhenAll(others), Assert.True);
        Assert.Equal(["update", "update"], store.Writes);
    }

    [Fact]
    public async Task LeaderThatLeaves_SaysSo_AndTheNextGoesOnFromThere()
    {
        using var claim = await RaiseAsync("a");
        await claim.VacateAsync(CancellationToken.None);
        Assert.Equal(new EpochRecord(1, "a", IsVacant: true), (await _store.GetAsync(EpochRecord.Key))!.Read<EpochRecord>());
        using var next = await RaiseAsync("b");
        Assert.Equal(2, next.Epoch);
    }

    private Task<EpochClaim> RaiseAsync(string name) => EpochClaim.RaiseAsync(_store, name, CancellationToken.None);
}
