using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Messaging;
using Podvirt.Tests.Fleet;

namespace Podvirt.Tests.Api;

public sealed class FleetTests : IAsyncLifetime
{
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Gpus_ShowTheLedger_AndADrainedOne()
    {
        using (var drained = await _app.Client.PostAsync("/api/gpus/SIM-1/drain", null))
        {
            Assert.Equal(HttpStatusCode.Accepted, drained.StatusCode);
        }

        var gpus = await UntilAsync("/api/gpus", list => list.GetArrayLength() == 2 && list[1].GetProperty("status").GetString() == "drained");
        Assert.Equal(("SIM-0", "H100", "available"), (Text(gpus[0], "id"), Text(gpus[0], "type"), Text(gpus[0], "status")));
        Assert.Equal(80L << 30, gpus[0].GetProperty("free_bytes").GetInt64());

        using var undrained = await _app.Client.PostAsync("/api/gpus/SIM-1/undrain", null);
        await UntilAsync("/api/gpus", list => list[1].GetProperty("status").GetString() == "available");
    }

    [Fact]
    public async Task Replicas_ShowStateLoadAndCause()
    {
        var bus = _app.Services.GetRequiredService<IBus>();
        var since = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await bus.PublishAsync(Subjects.GatewayReports, new GatewayReport("g", 1, 1, [], [new ReplicaLoad("r1", 3)]));
        await bus.PublishAsync(Subjects.Fleet, new FleetReport(
            long.MaxValue, 1, [new GpuReport("SIM-0", 0, "local", "H100", true, 80, 30, 5, "r1", false)],
            [new ReplicaReport("r1", "bge", 2, ReplicaState.FallingAsleep, since, since, null, ["SIM-0"], "H100", 30, null, TransitionCause.GpuDrained, "why", 7)]));

        var replica = (await UntilAsync("/api/replicas?model=bge", list => list.GetArrayLength() == 1))[0];
        Assert.Equal(("falling_asleep", "gpu_drained", "why"), (Text(replica, "state"), Text(replica, "cause"), Text(replica, "reason")));
        Assert.Equal(7, replica.GetProperty("host_memory_bytes").GetInt32());
        Assert.Equal("r1", Text(await _app.GetAsync("/api/replicas/r1"), "id"));
        await UntilAsync("/api/replicas", list => list[0].GetProperty("in_flight").GetInt32() == 3);
        Assert.Equal(0, (await _app.GetAsync("/api/replicas?model=other")).GetProperty("data").GetArrayLength());
        var gpu = (await _app.GetAsync("/api/gpus")).GetProperty("data")[0];
        Assert.Equal((45, "r1", "r1"), (gpu.GetProperty("free_bytes").GetInt32(), Text(gpu, "transition"), Text(gpu.GetProperty("replicas")[0], "id")));

        using var log = await _app.Client.GetAsync("/api/replicas/r1/logs");
        Assert.Equal("", await log.Content.ReadAsStringAsync());
        using var unknown = await _app.Client.GetAsync("/api/replicas/r9/logs");
        Assert.Equal("replica_not_found", await PodvirtApp.RefusalAsync(unknown, HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Transitions_AreFilteredAndPaged()
    {
        var bus = _app.Services.GetRequiredService<IBus>();
        for (var number = 1; number <= 3; number++)
        {
            await bus.PublishAsync(Subjects.Transitions, Transitions.Of("a", number));
        }

        await UntilAsync("/api/transitions?model=a", list => list.GetArrayLength() == 3);
        var page = await _app.GetAsync("/api/transitions?model=a&limit=2");
        Assert.Equal(["r3", "r2"], page.GetProperty("data").EnumerateArray().Select(t => Text(t, "replica")));
        var next = await _app.GetAsync($"/api/transitions?model=a&before={page.GetProperty("next").GetInt64()}");
        var oldest = Assert.Single(next.GetProperty("data").EnumerateArray());
        Assert.Equal(("active", "fence", "draining", "evicted"), (Text(oldest, "from"), Text(oldest, "trigger"), Text(oldest, "to"), Text(oldest, "cause")));
        Assert.Equal((1500, "b", 58L << 30), (
            oldest.GetProperty("took_ms").GetInt32(), Text(oldest.GetProperty("eviction"), "for_model"),
            oldest.GetProperty("eviction").GetProperty("freed_bytes").GetInt64()));
        Assert.Equal(JsonValueKind.Null, next.GetProperty("next").ValueKind);

        using var wrong = await _app.Client.GetAsync("/api/transitions?limit=0");
        Assert.Equal("invalid_parameter", await PodvirtApp.RefusalAsync(wrong, HttpStatusCode.BadRequest));
    }

    [Theory]
    [InlineData("/api/models/none/wake", HttpStatusCode.NotFound, "model_not_found")]
    [InlineData("/api/models/qwen/q3/dance", HttpStatusCode.NotFound, "unknown_action")]
    [InlineData("/api/models/wake", HttpStatusCode.NotFound, "model_not_found")]
    [InlineData("/api/models/bge/sleep", HttpStatusCode.Conflict, "model_cold")]
    [InlineData("/api/gpus/GPU-1/drain", HttpStatusCode.NotFound, "gpu_not_found")]
    [InlineData("/api/gpus/SIM-0/melt", HttpStatusCode.NotFound, "unknown_action")]
    public async Task ImpossibleAction_IsRefused(string path, HttpStatusCode status, string code)
    {
        await UntilAsync("/api/gpus", list => list.GetArrayLength() == 2);
        using var response = await _app.Client.PostAsync(path, null);
        Assert.Equal(code, await PodvirtApp.RefusalAsync(response, status));
    }

    [Fact]
    public async Task Action_SaysWhatHappensNow()
    {
        await UntilAsync("/api/gpus", list => list.GetArrayLength() == 2);
        using var response = await _app.Client.PostAsync("/api/models/qwen%2Fq3/stop", null);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(("stop", "qwen/q3", "Nothing of 'qwen/q3' runs."), (Text(answer, "action"), Text(answer, "id"), Text(answer, "message")));
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    /// <summary>What is published arrives a moment later.</summary>
    private async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> predicate)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var list = (await _app.GetAsync(path)).GetProperty("data");
            if (predicate(list))
            {
                return list;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }
}
