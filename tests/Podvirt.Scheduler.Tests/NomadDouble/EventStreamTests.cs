using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

public sealed class EventStreamTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Changes_ComeAsLinesInBothBodyStyles(bool chunked)
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { EventStreamChunked = chunked, EventHeartbeat = TimeSpan.FromMilliseconds(50) });
        using var calls = new NomadCalls(nomad);
        await using var stream = await EventLines.OpenAsync(calls, "topic=Allocation&topic=Job:a&namespace=*");

        Assert.Equal("{}", await stream.ReadAsync());
        await calls.RegisterAsync(Jobs.Shell("b", Jobs.Sleep));
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        var events = await stream.UntilAsync(static e => e["Topic"]!.GetValue<string>() == "Allocation" && e["Payload"]!["Allocation"]!["ClientStatus"]!.GetValue<string>() == "running"
            && e["Payload"]!["Allocation"]!["JobID"]!.GetValue<string>() == "a");

        Assert.Equal(chunked, stream.Chunked);
        Assert.Equal("a", events.First(static e => e["Topic"]!.GetValue<string>() == "Job")["Key"]!.GetValue<string>());
        Assert.DoesNotContain(events, static e => e["Topic"]!.GetValue<string>() is "Evaluation" or "Node");
        Assert.All(events.Where(static e => e["Topic"]!.GetValue<string>() == "Allocation"), static e => Assert.Null(e["Payload"]!["Allocation"]!["Job"]));
        Assert.Equal(events.Select(static e => e["Index"]!.GetValue<ulong>()).Order(), events.Select(static e => e["Index"]!.GetValue<ulong>()));
        while (await stream.ReadAsync() != "{}")
        {
        }
    }

    [Fact]
    public async Task IndexGiven_RedeliversItAndAGapShowsNowhere()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        await calls.AllocationAsync("a", "running");
        var index = (await calls.GetAsync("/v1/job/a"))["JobModifyIndex"]!.GetValue<ulong>();
        for (var i = 0; i < 101; i++)
        {
            await calls.PutAsync("/v1/jobs", new JsonObject { ["Job"] = Jobs.Shell("b", Jobs.Sleep, group: "count = 0", job: $"priority = {i % 100 + 1}") });
        }

        await using var stream = await EventLines.OpenAsync(calls, $"topic=Job&index={index}");
        await using var latest = await EventLines.OpenAsync(calls, "topic=Job&index=99999");
        var first = (await stream.UntilAsync(static _ => true)).Single();

        Assert.Equal("b", first["Key"]!.GetValue<string>());
        Assert.True(first["Index"]!.GetValue<ulong>() > index);
        Assert.Equal("{}", await latest.ReadAsync());
    }

    [Fact]
    public async Task EventsLostAndRepeated_GoMissingAndComeTwice()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        await using var stream = await EventLines.OpenAsync(calls, "topic=Node&index=9999");
        nomad.RepeatEvents(2);
        nomad.LoseEvents(1);

        nomad.DrainNode("node-1");
        nomad.UndrainNode("node-1");
        await stream.UntilAsync(static e => !e["Payload"]!["Node"]!["Drain"]!.GetValue<bool>() && e["Type"]!.GetValue<string>() == "NodeDrain");
        var all = stream.Events.Where(static e => e["Type"]!.GetValue<string>() == "NodeDrain").ToArray();

        Assert.Equal(2, all.Length);
        Assert.All(all, static e => Assert.False(e["Payload"]!["Node"]!["Drain"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task OlderAgent_HasNoStream()
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { EventStream = false });
        using var calls = new NomadCalls(nomad);

        Assert.Equal(HttpStatusCode.NotFound, (await calls.SendAsync(HttpMethod.Get, "/v1/event/stream?topic=*")).Status);
    }
}
