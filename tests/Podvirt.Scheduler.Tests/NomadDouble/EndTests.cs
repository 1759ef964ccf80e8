using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>Tasks that fail or cannot start, restarts, rescheduling, roll-outs, templates.</summary>
public sealed class EndTests
{
    [Fact]
    public async Task TaskFails_ShowsHowAndIsNotReplacedWithoutAPolicy()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);

        await calls.RegisterAsync(Jobs.Shell("a", "echo boom >&2; exit 7"));
        var failed = await calls.AllocationAsync("a", "failed");

        var task = failed["TaskStates"]!["main"]!;
        var terminated = task["Events"]!.AsArray().Single(static e => e!["Type"]!.GetValue<string>() == "Terminated")!;
        Assert.Equal("Exit Code: 7", terminated["DisplayMessage"]!.GetValue<string>());
        Assert.Equal(7, terminated["ExitCode"]!.GetValue<int>());
        Assert.Equal("Not Restarting", task["Events"]!.AsArray()[^1]!["Type"]!.GetValue<string>());
        Assert.True(task["Failed"]!.GetValue<bool>());
        Assert.Equal("boom\n", (await calls.SendAsync(HttpMethod.Get, $"/v1/client/fs/logs/{failed["ID"]}?task=main&type=stderr&plain=true")).Text);
        await calls.UntilAsync("/v1/job/a/evaluations", static l => l.AsArray().Any(static e => e!["TriggeredBy"]!.GetValue<string>() == "alloc-failure" && e["Status"]!.GetValue<string>() == "complete"));
        Assert.Single((await calls.AllocationsAsync("a")).AsArray());
        Assert.Equal("run", failed["DesiredStatus"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("raw_exec", "command = \"/no/such\"", "file /no/such not found")]
    [InlineData("docker", "image = \"none:1\"", "Failed to pull `none:1`")]
    public async Task CommandIsMissing_IsADriverFailure(string driver, string config, string message)
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var job = Jobs.Shell("a", Jobs.Sleep);
        var task = job["TaskGroups"]![0]!["Tasks"]![0]!;
        task["Driver"] = driver;
        task["Config"] = new JsonObject { [config.Split(' ')[0]] = config.Split('"')[1] };

        await calls.RegisterAsync(job);
        var failed = await calls.AllocationAsync("a", "failed");

        var events = failed["TaskStates"]!["main"]!["Events"]!.AsArray();
        Assert.Contains(message, events.Single(static e => e!["Type"]!.GetValue<string>() == "Driver Failure")!["DisplayMessage"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RestartPolicy_StartsItAgainOnItsNodeAndReschedulingElsewhere()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var job = Jobs.Shell("a", "exit 1");
        job["TaskGroups"]![0]!["RestartPolicy"] = new JsonObject { ["Attempts"] = 1, ["Interval"] = 60_000_000_000, ["Delay"] = 1_000_000, ["Mode"] = "fail" };
        job["TaskGroups"]![0]!["ReschedulePolicy"] = new JsonObject { ["Attempts"] = 1, ["Unlimited"] = false, ["Delay"] = 100_000_000, ["DelayFunction"] = "constant" };

        await calls.RegisterAsync(job);
        var list = await calls.UntilAsync("/v1/job/a/allocations", static l => l.AsArray().Count(static a => a!["ClientStatus"]!.GetValue<string>() == "failed") == 2);

        Assert.All(list.AsArray(), static a => Assert.Equal(1, a!["TaskStates"]!["main"]!["Restarts"]!.GetValue<int>()));
        Assert.Equal(list[0]!["NextAllocation"]!.GetValue<string>(), list[1]!["ID"]!.GetValue<string>());
        Assert.Equal((await calls.GetAsync($"/v1/allocation/{list[1]!["ID"]}"))["PreviousAllocation"]!.GetValue<string>(), list[0]!["ID"]!.GetValue<string>());
    }

    [Fact]
    public async Task RestartAsked_KeepsTheAllocationAndCounts()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        var id = (await calls.AllocationAsync("a", "running"))["ID"]!.GetValue<string>();

        await calls.PutAsync($"/v1/client/allocation/{id}/restart", new JsonObject());
        var restarted = await calls.UntilAsync($"/v1/allocation/{id}", static a => a["TaskStates"]!["main"]!["Restarts"]!.GetValue<int>() == 1 && a["ClientStatus"]!.GetValue<string>() == "running");
        await calls.PutAsync($"/v1/allocation/{id}/stop", new JsonObject());
        var stopped = await calls.UntilAsync($"/v1/allocation/{id}", static a => a["ClientStatus"]!.GetValue<string>() == "complete");

        Assert.NotNull(restarted["Job"]);
        Assert.Equal(stopped["NextAllocation"]!.GetValue<string>(), (await calls.AllocationAsync("a", "running"))["ID"]!.GetValue<string>());
    }

    [Fact]
    public async Task NewVersion_WaitsForTheHealthOfTheOneBefore()
    {
        const string Update = "update {\n max_parallel = 1\n health_check = \"task_states\"\n min_healthy_time = \"0s\"\n healthy_deadline = \"5s\"\n progress_deadline = \"10s\"\n }";
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep, group: "count = 2", job: Update));
        await calls.UntilAsync("/v1/job/a/deployments", static d => d.AsArray() is [{ } one] && one["Status"]!.GetValue<string>() == "successful");

        await calls.RegisterAsync(Jobs.Shell("a", "exit 1", group: "count = 2", job: Update.Replace("\"0s\"", "\"2s\"")));
        await calls.AllocationAsync("a", "failed");
        var list = await calls.UntilAsync("/v1/job/a/deployments", static d => d[0]!["TaskGroups"]!["main"]!["UnhealthyAllocs"]!.GetValue<int>() == 1);

        Assert.Equal("running", list[0]!["Status"]!.GetValue<string>());
        Assert.Single((await calls.AllocationsAsync("a")).AsArray(), static a =>
            (a!["DesiredStatus"]!.GetValue<string>(), a["ClientStatus"]!.GetValue<string>()) == ("run", "running"));
    }

    [Fact]
    public async Task NoProgressInTime_FailsTheDeployment()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var service = "network {\n port \"http\" {}\n }\n service {\n name = \"a\"\n port = \"http\"\n check {\n type = \"http\"\n path = \"/\"\n interval = \"1s\"\n timeout = \"1s\"\n }\n }";

        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep, group: service, job: "update {\n min_healthy_time = \"0s\"\n healthy_deadline = \"200ms\"\n progress_deadline = \"300ms\"\n }"));
        var list = await calls.UntilAsync("/v1/job/a/deployments", static d => d.AsArray().Count == 1 && d[0]!["Status"]!.GetValue<string>() == "failed");

        Assert.Equal("Failed due to progress deadline", list[0]!["StatusDescription"]!.GetValue<string>());
        await calls.UntilAsync("/v1/job/a/allocations", static l => l[0]!["DeploymentStatus"]?["Healthy"]?.GetValue<bool>() == false);
    }

    [Fact]
    public async Task Template_WaitsForItsVariable()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        const string Template = "template {\n destination = \"secrets/env\"\n env = true\n data = \"{{ with nomadVar \\\"nomad/jobs/a\\\" }}KEY={{ .key }}{{ end }}\"\n }";
        await calls.RegisterAsync(Jobs.Shell("a", "echo key=$KEY; exec sleep 600", task: Template));
        var waiting = await calls.UntilAsync("/v1/job/a/allocations", static l =>
            l.AsArray() is [{ } one] && (one["TaskStates"]?["main"]?["Events"]?.AsArray().Any(static e => e!["Type"]!.GetValue<string>() == "Template") ?? false));

        await calls.PutAsync("/v1/var/nomad/jobs/a", new JsonObject { ["Items"] = new JsonObject { ["key"] = "one" } });

        Assert.Equal("pending", waiting[0]!["ClientStatus"]!.GetValue<string>());
        var running = await calls.AllocationAsync("a", "running");
        Assert.Equal("key=one\n", await calls.LogAsync(running["ID"]!.GetValue<string>(), "stdout", "key="));
    }
}
