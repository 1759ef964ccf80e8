using Podvirt.Simulator.Engine;

namespace Podvirt.Simulator.Tests.Engine;

public sealed class AdmissionTests
{
    [Fact]
    public async Task Full_LetsWaitersInInOrder()
    {
        var admission = new Admission(1);
        await admission.EnterAsync(1, default);
        var first = admission.EnterAsync(1, default).AsTask();
        var second = admission.EnterAsync(1, default).AsTask();
        Assert.Equal((1, 2), (admission.Running, admission.Waiting));
        admission.Leave(1);
        await first;
        Assert.False(second.IsCompleted);
        admission.Leave(1);
        await second;
    }

    [Fact]
    public async Task WideRequestAtTheHead_IsNotOvertaken()
    {
        var admission = new Admission(2);
        await admission.EnterAsync(1, default);
        var wide = admission.EnterAsync(2, default).AsTask();
        var narrow = admission.EnterAsync(1, default).AsTask();
        Assert.False(narrow.IsCompleted);
        admission.Leave(1);
        await wide;
        Assert.False(narrow.IsCompleted);
        admission.Leave(2);
        await narrow;
    }

    [Fact]
    public async Task WaiterGivesUp_LetsTheNextOneIn()
    {
        var admission = new Admission(2);
        await admission.EnterAsync(1, default);
        using var left = new CancellationTokenSource();
        var wide = admission.EnterAsync(2, left.Token).AsTask();
        var narrow = admission.EnterAsync(1, default).AsTask();
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wide);
        await narrow;
        Assert.Equal(2, admission.Running);
    }

    [Fact]
    public async Task ClosedDoor_OpensForThoseWhoWait()
    {
        var admission = new Admission(4);
        admission.Close();
        var waiting = admission.EnterAsync(1, default).AsTask();
        Assert.False(waiting.IsCompleted);
        await admission.IdleAsync();
        admission.Open();
        await waiting;
        var idle = admission.IdleAsync();
        Assert.False(idle.IsCompleted);
        admission.Leave(1);
        await idle;
    }
}
