using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Engines;

/// <summary>Which engines of an earlier run are kept.</summary>
public sealed class AdoptionTests
{
    private readonly ModelSpec _model = Make.Model("m", gib: 40, kind: EngineKind.Vllm);
    private readonly FakeMachine _machine = new("http://127.0.0.1:1");

    public AdoptionTests() => _machine.Left.Add(Left("r1"));

    [Theory]
    [InlineData(null)]
    [InlineData("Start")]
    [InlineData("Sleep")]
    [InlineData("Wake")]
    public async Task EngineThatIsWanted_IsKeptAsWhatItWas(string? underWay)
    {
        IntentEffect? effect = underWay is null ? null : Enum.Parse<IntentEffect>(underWay);
        _machine.Left[0] = _machine.Left[0] with { SleepLevel = 2, HostBase = 5 };
        var found = Assert.Single(await RunAsync(underWay: effect));
        Assert.Equal(("r1", "http://127.0.0.1:1", "key", 2, 5L), (found.Target.Replica, found.Target.Address, found.Target.ApiKey, found.Target.SleepLevel, found.Target.HostBase));
        Assert.Equal("SIM-0", Assert.Single(found.Target.Gpus).Id);
        Assert.Equal(effect, found.UnderWay);
        Assert.Empty(_machine.Stopped);
    }

    [Fact]
    public async Task OtherRevision_IsRemoved() => await RemovesAsync(_model with { Revision = 2 });

    [Fact]
    public async Task ModelThatIsGone_IsRemoved() => await RemovesAsync(Make.Model("other"));

    [Fact]
    public async Task OneThatWasBeingStopped_IsRemoved() => await RemovesAsync(underWay: IntentEffect.Stop);

    [Fact]
    public async Task OtherSettings_AreRemoved()
    {
        _machine.Left[0] = _machine.Left[0] with { Settings = "of an older release" };
        await RemovesAsync();
    }

    [Fact]
    public async Task GpuThatIsGone_IsRemoved()
    {
        _machine.Left[0] = _machine.Left[0] with { Gpus = ["SIM-7"] };
        await RemovesAsync();
    }

    [Fact]
    public async Task OneThatIsRemoved_SparesTheOthers()
    {
        _machine.Left.Add(Left("r2") with { Settings = "others" });
        Assert.Equal("r1", Assert.Single(await RunAsync()).Target.Replica);
        Assert.Equal(["r2"], _machine.Stopped);
    }

    [Fact]
    public async Task WhereGatewaysWentOn_OtherRevisionsAndSettingsServeUntilTheyAreReplaced()
    {
        _machine.Left.Add(Left("r2") with { Settings = "of an older release" });
        var found = await RunAsync(_model with { Revision = 2 }, othersServe: true);
        Assert.Equal(["r1", "r2"], found.Select(engine => engine.Target.Replica));
        Assert.All(found, engine => Assert.Equal((1, 39 * Make.GiB), (engine.Target.Model.Revision, engine.Target.Model.Gpu.MemoryBytes)));
        Assert.Empty(_machine.Stopped);
    }

    [Fact]
    public async Task WhereGatewaysWentOn_WhatIsNotWantedIsNotWaitedFor()
    {
        var adoption = new Adoption(_machine, othersServe: true, isRemote: false, NullLogger.Instance);
        Assert.Empty(await adoption.RunAsync(Make.Catalog(), Make.Gpus(1, 80), _ => null, CancellationToken.None));
        Assert.Equal(["r1"], adoption.Unwanted.Select(running => running.Replica));
        Assert.Empty(_machine.Stopped);
    }

    [Fact]
    public async Task WhereMachinesAreRemote_WhatIsNotWantedIsNotWaitedFor()
    {
        _machine.Left.Add(Left("r2") with { Settings = "of an older release" });
        _machine.Left.Add(Left("r3") with { Defect = "nothing of it runs" });
        var adoption = new Adoption(_machine, othersServe: false, isRemote: true, NullLogger.Instance);
        var found = await adoption.RunAsync(Make.Catalog(_model), Make.Gpus(1, 80), _ => null, CancellationToken.None);
        Assert.Equal("r1", Assert.Single(found).Target.Replica);
        Assert.Equal(["r2", "r3"], adoption.Unwanted.Select(running => running.Replica));
        Assert.Empty(_machine.Stopped);
    }

    private LeftReplica Left(string replica) => new(
        new RunningReplica(replica, "m", "http://127.0.0.1:1", "key", 1234), 1, ["SIM-0"], 39 * Make.GiB,
        _machine.SettingsOf(_model, Make.Gpus(1, 80), 39 * Make.GiB), 0);

    private Task<IReadOnlyList<EngineFound>> RunAsync(
        ModelSpec? model = null, IntentEffect? underWay = null, bool othersServe = false) =>
        new Adoption(_machine, othersServe, isRemote: false, NullLogger.Instance).RunAsync(
            Make.Catalog(model ?? _model), Make.Gpus(1, 80), replica => replica == "r1" ? underWay : null, CancellationToken.None);

    private async Task RemovesAsync(ModelSpec? model = null, IntentEffect? underWay = null)
    {
        Assert.Empty(await RunAsync(model, underWay));
        Assert.Equal(["r1"], _machine.Stopped);
    }
}
