using System.Text.Json;
using Podvirt.Api;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Fleet;

namespace Podvirt.Tests.Fleet;

public sealed class ModelViewsTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly ModelSpec _model = new()
    {
        Id = "qwen/q3",
        Vendor = "Qwen",
        Name = "Qwen3",
        Type = ModelType.Chat,
        Engine = new EngineSpec { Kind = EngineKind.Simulated },
        Gpu = new GpuNeed(1, 20L << 30),
        Replicas = new ReplicaRange(0, 2, 64),
        Price = new PriceSpec(0.05m, 0.010m, 0.123456m),
        Revision = 3,
    };

    [Fact]
    public void AModelThatWarmsUp_ReadsExactlyLikeThis()
    {
        var view = View(
            new ModelRoute { Model = _model, Status = ModelStatus.WarmingUp, StartupDurationMs = 3200, WarmUp = new WarmUp("weights", _now.AddMilliseconds(-1200), _now.AddMilliseconds(1300)) },
            gpuType: "H100");

        var expected = """
            {"id":"qwen/q3","vendor":"Qwen","name":"Qwen3","type":"chat","engine":"simulated","status":"Warming Up","reason":null,"failed_replicas":0,
            "revision":3,"gpu":{"count":1,"type":"H100","memory_bytes":21474836480},"replicas":{"min":0,"max":2,"concurrency":64,"active":0},
            "price":{"prompt":"0.05","cached":"0.01","completion":"0.123456","embeddings":null,"video_second":null},"requests_total":12,"in_flight":2,"waiting":5,"startup_duration_ms":3200,
            "warm_up":{"phase":"weights","elapsed_ms":1200,"eta_ms":1300},"failure":null,"video":null}
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), JsonSerializer.Serialize(view, ApiJson.Options));
    }

    [Fact]
    public void AModelThatNobodyRouted_IsCold()
    {
        var view = View(route: null, gpuType: null);

        Assert.Equal(("Cold", null, null, null), (view.Status, view.Gpu.Type, view.StartupDurationMs, view.WarmUp));
    }

    [Fact]
    public void AFailedModel_SaysWhy()
    {
        var view = View(new ModelRoute
        {
            Model = _model,
            Status = ModelStatus.Failed,
            FailedReplicas = 2,
            Failure = new ModelFailure("model_start_failed", "out of memory", RetryAt: null),
        });

        Assert.Equal(("Failed", "out of memory", 2), (view.Status, view.Reason, view.FailedReplicas));
        Assert.Equal(("model_start_failed", "out of memory"), (view.Failure!.Code, view.Failure.Reason));
        Assert.Equal(["loading", "CUDA out of memory"], view.Failure.LogTail);
    }

    [Fact]
    public void ARunningReplica_GivesItsGpusType()
    {
        var view = View(new ModelRoute
        {
            Model = _model,
            Status = ModelStatus.Active,
            Replicas = [Replica(ReplicaState.Active, "L40S"), Replica(ReplicaState.Sleeping, "L40S")],
        });

        Assert.Equal(("Active", "L40S", 1), (view.Status, view.Gpu.Type, view.Replicas.Active));
    }

    [Fact]
    public void AnExpectationThatIsOver_LeavesNothingToWaitFor()
    {
        var view = View(new ModelRoute { Model = _model, Status = ModelStatus.WarmingUp, WarmUp = new WarmUp("graphs", _now.AddSeconds(-9), _now.AddSeconds(-1)) });

        Assert.Equal(new WarmUpView("graphs", 9000, 0), view.WarmUp);
    }

    private static ModelView View(ModelRoute? route, string? gpuType = "H100") => Assert.Single(ModelViews.List(new FleetSnapshot(
        new Catalog(1, [_model]),
        new RouteTable(1, 1, route is null ? [] : [route]),
        new Dictionary<string, Demand> { [_model.Id] = new(5, 2) },
        new Dictionary<string, long> { [_model.Id] = 12 },
        new Dictionary<string, IReadOnlyList<string>> { [_model.Id] = ["loading", "CUDA out of memory"] },
        gpuType, _now)).Data);

    private static ReplicaRoute Replica(ReplicaState state, string gpuType) => new("r", "", "", "q", 3, 64, state, ["GPU-0"], gpuType);
}
