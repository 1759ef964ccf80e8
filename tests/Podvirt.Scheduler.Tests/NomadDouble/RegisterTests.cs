using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>Compare-and-set, counts, deletion, plan, scale, ACL, namespaces: what Nomad answers, word for word where clients match words.</summary>
public sealed class RegisterTests
{
    [Fact]
    public async Task JobModifyIndexIsStale_AnswersFiveHundredInPlainTextThatNamesBoth()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var first = await EnforceAsync(calls, 0);
        var index = JsonNode.Parse(first.Text)!["JobModifyIndex"]!.GetValue<ulong>();

        var again = await EnforceAsync(calls, 0);
        var stale = await EnforceAsync(calls, index + 1);
        var right = await EnforceAsync(calls, index);
        var absent = await EnforceAsync(calls, 7, id: "other");

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal((HttpStatusCode.InternalServerError, "Enforcing job modify index 0: job already exists"), (again.Status, again.Text));
        Assert.Equal(
            (HttpStatusCode.InternalServerError, $"Enforcing job modify index {index + 1}: job exists with conflicting job modify index: {index}"),
            (stale.Status, stale.Text));
        Assert.Equal(HttpStatusCode.OK, right.Status);
        Assert.Equal((HttpStatusCode.InternalServerError, "Enforcing job modify index 7: job does not exist"), (absent.Status, absent.Text));
    }

    [Fact]
    public async Task SameJobAgain_KeepsItsModifyIndexAndItsProcess()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var first = await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        var running = await calls.AllocationAsync("a", "running");

        var again = await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        await calls.EvaluatedAsync(again);

        Assert.Equal(first["JobModifyIndex"]!.GetValue<ulong>(), again["JobModifyIndex"]!.GetValue<ulong>());
        Assert.Equal(running["ID"]!.GetValue<string>(), (await calls.AllocationsAsync("a")).AsArray().Single()!["ID"]!.GetValue<string>());
    }

    [Fact]
    public async Task CountZero_StopsAndLeavesTheJobDead()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var job = Jobs.Shell("a/b", Jobs.Sleep);
        await calls.RegisterAsync(job);
        await calls.AllocationAsync("a/b", "running");

        job["TaskGroups"]![0]!["Count"] = 0;
        await calls.EvaluatedAsync(await calls.RegisterAsync(job));

        var stopped = await calls.AllocationAsync("a/b", "complete");
        Assert.Equal("stop", stopped["DesiredStatus"]!.GetValue<string>());
        Assert.Equal("alloc not needed due to job update", stopped["DesiredDescription"]!.GetValue<string>());
        Assert.Equal("dead", (await calls.GetAsync("/v1/job/a%2Fb"))["Status"]!.GetValue<string>());
    }

    [Fact]
    public async Task UnknownJob_IsDeletedWithoutErrorAndReadWith404()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);

        var (status, text, _) = await calls.SendAsync(HttpMethod.Delete, "/v1/job/none?purge=true");
        var read = await calls.SendAsync(HttpMethod.Get, "/v1/job/none");

        Assert.Equal((HttpStatusCode.OK, ""), (status, JsonNode.Parse(text)!["EvalID"]!.GetValue<string>()));
        Assert.Equal((HttpStatusCode.NotFound, "job not found"), (read.Status, read.Text));
        Assert.Empty((await calls.AllocationsAsync("none")).AsArray());
        Assert.Equal("alloc not found", (await calls.SendAsync(HttpMethod.Get, "/v1/allocation/none")).Text);
    }

    [Fact]
    public async Task ScaleDuringADeployment_IsBlocked()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var scale = new JsonObject { ["Count"] = 2, ["Target"] = new JsonObject { ["Group"] = "main" } };
        await calls.RegisterAsync(Jobs.Shell("slow", Jobs.Sleep));
        await calls.RegisterAsync(Jobs.Shell("quick", Jobs.Sleep, job: "update {\n min_healthy_time = \"0s\"\n health_check = \"task_states\"\n }"));
        await calls.UntilAsync("/v1/job/quick/deployments", static d => d.AsArray() is [{ } one] && one["Status"]!.GetValue<string>() == "successful");

        var blocked = await calls.SendAsync(HttpMethod.Post, "/v1/job/slow/scale", scale.DeepClone());
        await calls.EvaluatedAsync(await calls.PutAsync("/v1/job/quick/scale", scale));

        Assert.Equal((HttpStatusCode.BadRequest, "job scaling blocked due to active deployment"), (blocked.Status, blocked.Text));
        Assert.Equal(2, (await calls.AllocationsAsync("quick")).AsArray().Count);
    }

    [Fact]
    public async Task WrongToken_IsRefused()
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { Token = "secret" });
        using var calls = new NomadCalls(nomad);

        var none = await calls.SendAsync(HttpMethod.Get, "/v1/jobs");
        calls.Http.DefaultRequestHeaders.Add("X-Nomad-Token", "secret");
        var right = await calls.SendAsync(HttpMethod.Get, "/v1/jobs");

        Assert.Equal((HttpStatusCode.Forbidden, "Permission denied"), (none.Status, none.Text));
        Assert.Equal(HttpStatusCode.OK, right.Status);
    }

    [Fact]
    public async Task Namespaces_HoldJobsApart()
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { Namespaces = ["default", "gpu"] });
        using var calls = new NomadCalls(nomad);
        var body = new JsonObject { ["Job"] = Jobs.Shell("a", Jobs.Sleep) };

        await calls.PutAsync("/v1/jobs?namespace=gpu", body.DeepClone());
        var unknown = await calls.SendAsync(HttpMethod.Put, "/v1/jobs?namespace=nowhere", body.DeepClone());

        Assert.Equal(HttpStatusCode.NotFound, (await calls.SendAsync(HttpMethod.Get, "/v1/job/a")).Status);
        Assert.Equal("gpu", (await calls.GetAsync("/v1/job/a?namespace=gpu"))["Namespace"]!.GetValue<string>());
        Assert.Single((await calls.GetAsync("/v1/jobs?namespace=*")).AsArray());
        Assert.Equal((HttpStatusCode.InternalServerError, "job \"a\" is in nonexistent namespace \"nowhere\""), (unknown.Status, unknown.Text));
    }

    [Fact]
    public async Task Variable_IsComparedAndSet()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var body = new JsonObject { ["Items"] = new JsonObject { ["key"] = "one" } };

        var made = await calls.PutAsync("/v1/var/podvirt/engines/a?cas=0", body.DeepClone());
        var lost = await calls.SendAsync(HttpMethod.Put, "/v1/var/podvirt/engines/a?cas=0", body.DeepClone());

        Assert.Equal("one", (await calls.GetAsync("/v1/var/podvirt/engines/a"))["Items"]!["key"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.Conflict, lost.Status);
        Assert.Equal(made["ModifyIndex"]!.GetValue<ulong>(), JsonNode.Parse(lost.Text)!["ModifyIndex"]!.GetValue<ulong>());
        await calls.SendAsync(HttpMethod.Delete, "/v1/var/podvirt/engines/a");
        Assert.Equal("variable not found", (await calls.SendAsync(HttpMethod.Get, "/v1/var/podvirt/engines/a")).Text);
    }

    private static Task<(HttpStatusCode Status, string Text, System.Net.Http.Headers.HttpResponseHeaders Headers)> EnforceAsync(
        NomadCalls calls, ulong index, string id = "a") => calls.SendAsync(HttpMethod.Put, "/v1/jobs", new JsonObject
        {
            ["Job"] = Jobs.Shell(id, Jobs.Sleep),
            ["EnforceIndex"] = true,
            ["JobModifyIndex"] = index,
        });
}
