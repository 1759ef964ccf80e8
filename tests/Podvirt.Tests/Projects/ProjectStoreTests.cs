using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Projects;
using Podvirt.Projects;

namespace Podvirt.Tests.Projects;

public sealed class ProjectStoreTests
{
    private readonly MemoryStateStore _state = new();
    private readonly ProjectStore _projects;
    private readonly PlanStore _plans;

    public ProjectStoreTests()
    {
        _projects = new ProjectStore(_state, new FakeTimeProvider());
        _plans = new PlanStore(_state, _projects);
    }

    [Fact]
    public async Task Default_IsMadeOnceAndKept()
    {
        await _projects.EnsureDefaultAsync(default);
        await _projects.UpdateAsync(Project.Default, p => p with { Name = "House" });
        await _projects.EnsureDefaultAsync(default);
        Assert.Equal("House", Assert.Single(await _projects.ListAsync()).Name);
    }

    [Theory]
    [InlineData("Acme Ltd.", "acme-ltd")]
    [InlineData("  R&D / Vision 2  ", "r-d-vision-2")]
    [InlineData("ÄÖ", "")]
    public void Name_SuggestsAnId(string name, string id)
    {
        Assert.Equal(id, ProjectStore.IdOf(name));
        Assert.Equal(id.Length > 0, ProjectStore.IsId(id));
    }

    [Theory]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("A")]
    [InlineData("../keys")]
    public async Task WhatIsNoId_FindsNothing(string id)
    {
        Assert.False(ProjectStore.IsId(id));
        Assert.Null(await _projects.FindAsync(id));
        Assert.Null(await _projects.UpdateAsync(id, p => p));
    }

    [Fact]
    public async Task UpdateAgainstAnotherWriter_TriesAgain()
    {
        await _projects.CreateAsync("acme", "Acme", null);
        _state.BeforeNextUpdate = () => _projects.UpdateAsync("acme", p => p with { Plan = "free" }).GetAwaiter().GetResult();
        Assert.Equal(("Renamed", "free"), await _projects.UpdateAsync("acme", p => p with { Name = "Renamed" }) is { } p ? (p.Name, p.Plan) : default);
    }

    [Fact]
    public async Task FileWithoutAPlanInUse_KeepsIt_AndSaysSo()
    {
        var free = new Plan { Id = "free", RequestsPerMinute = 1 };
        await _plans.ApplyAsync([free, new Plan { Id = "team" }], isDryRun: false, default);
        await _projects.CreateAsync("acme", "Acme", "free");

        var diff = await _plans.ApplyAsync([], isDryRun: false, default);
        Assert.Equal(["team"], diff.Removed);
        Assert.Contains("'free' is not in the file, but acme have it", Assert.Single(diff.Warnings), StringComparison.Ordinal);
        Assert.Equal(["free"], (await _plans.ReadAsync(default)).Plans.Select(p => p.Id));

        await _projects.UpdateAsync("acme", p => p with { Plan = null });
        Assert.Equal(["free"], (await _plans.ApplyAsync([], isDryRun: true, default)).Removed);
        Assert.Single((await _plans.ReadAsync(default)).Plans);
        await _plans.ApplyAsync([], isDryRun: false, default);
        Assert.Empty((await _plans.ReadAsync(default)).Plans);
    }

    [Fact]
    public async Task ChangedPlan_ShowsItsFields_AndTheSameAgainChangesNothing()
    {
        Plan Limited(long limit) => new() { Id = "free", TokensPerMonth = new ModelLimits(limit, new Dictionary<string, long> { ["m"] = 5 }) };
        await _plans.ApplyAsync([Limited(1)], isDryRun: false, default);
        Assert.True((await _plans.ApplyAsync([Limited(1)], isDryRun: false, default)).IsEmpty);

        var change = Assert.Single((await _plans.ApplyAsync([Limited(2)], isDryRun: false, default)).Changed);
        var field = Assert.Single(change.Fields);
        Assert.Equal(("free", "tokens_per_month.default", "1", "2"), (change.Id, field.Field, field.From, field.To));
        Assert.Equal(2, (await _plans.ReadAsync(default)).Revision);
    }
}
