using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Catalogs;
using Podvirt.Core.Projects;
using Podvirt.Metering.Ledger;
using Podvirt.Projects;

namespace Podvirt.Api;

/// <summary><c>/api/projects</c> (list, create, rename, assign a plan, archive, what the month used) and <c>/api/plans</c>.</summary>
internal sealed class ProjectEndpoints(AccessGate gate, ProjectStore projects, PlanStore plans, CatalogStore catalog, ILedger ledger, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/projects", (Delegate)ListAsync), Entry.Member).Describe(
            new ApiOperation("List the projects, archived ones too; to a member, theirs") { Answer = typeof(ProjectList) });
        gate.Guard(api.MapPost("/projects", (Delegate)CreateAsync), Entry.Admin).Describe(
            new ApiOperation("Create a project") { Body = typeof(NewProject), Answer = typeof(ProjectView), Status = 201, Refusals = [400, 404, 409] });
        gate.Guard(api.MapPatch("/projects/{id}", (Delegate)UpdateAsync), Entry.Admin).Describe(
            new ApiOperation("Rename a project, or give it another plan; what is left out stays") { Body = typeof(ProjectChange), Answer = typeof(ProjectView), Refusals = [400, 404] });
        gate.Guard(api.MapPost("/projects/{id}/archive", (Delegate)ArchiveAsync), Entry.Admin).Describe(
            new ApiOperation("Archive a project: its keys are refused from now on") { Answer = typeof(ProjectView), Refusals = [404, 409] });
        gate.Guard(api.MapPost("/projects/{id}/restore", (Delegate)RestoreAsync), Entry.Admin).Describe(
            new ApiOperation("Take an archived project back: its keys work again") { Answer = typeof(ProjectView), Refusals = [404] });
        gate.Guard(api.MapGet("/projects/{id}/usage", (Delegate)UsageAsync), Entry.Member).Describe(
            new ApiOperation("Show what a project used of its plan this month, by model") { Answer = typeof(ProjectUsageView), Refusals = [404] });
        gate.Guard(api.MapGet("/plans", (Delegate)ListPlansAsync), Entry.Member).Describe(
            new ApiOperation("List the plans and who has them; to a member, those of their projects") { Answer = typeof(PlanList) });
    }

    public static ApiException NotFound(string id, string param = "id") =>
        new(StatusCodes.Status404NotFound, "project_not_found", $"There is no project '{id}'.", param);

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var all = await projects.ListAsync(context.RequestAborted);
        return ApiJson.Ok(new ProjectList("list", [.. all.Where(p => Visitor.Of(context).MaySee(p.Id)).Select(ProjectView.Of)]));
    }

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        var request = await ApiJson.ReadAsync<NewProject>(context);
        var name = CheckName(request.Name);
        var id = request.Id ?? ProjectStore.IdOf(name);
        if (!ProjectStore.IsId(id))
        {
            throw Invalid("invalid_id", $"Give the project an id of at most {ProjectStore.IdLengthMax} lower-case letters, digits and dashes.", "id");
        }
        var plan = await CheckPlanAsync(request.Plan, context.RequestAborted);
        var project = await projects.CreateAsync(id, name, plan, context.RequestAborted)
            ?? throw new ApiException(StatusCodes.Status409Conflict, "project_exists", $"The id '{id}' is taken; ids are never used again.", "id");
        return ApiJson.Ok(ProjectView.Of(project), StatusCodes.Status201Created);
    }

    private async Task<IResult> UpdateAsync(HttpContext context)
    {
        var json = await ApiJson.ReadAsync<JsonElement>(context);
        var change = ApiJson.Convert<ProjectChange>(json);
        var hasPlan = json.TryGetProperty("plan", out _);
        var name = json.TryGetProperty("name", out _) ? CheckName(change.Name) : null;
        var plan = hasPlan ? await CheckPlanAsync(change.Plan, context.RequestAborted) : null;
        return await ChangeAsync(context, p => p with { Name = name ?? p.Name, Plan = hasPlan ? plan : p.Plan });
    }

    private Task<IResult> ArchiveAsync(HttpContext context) => RouteId.Of(context) == Project.Default
        ? throw new ApiException(StatusCodes.Status409Conflict, "default_project", "The default project stays: the console's chat runs on its account.", "id")
        : ChangeAsync(context, p => p.ArchivedAt is null ? p with { ArchivedAt = time.GetUtcNow() } : p);

    private Task<IResult> RestoreAsync(HttpContext context) => ChangeAsync(context, p => p with { ArchivedAt = null });

    private async Task<IResult> ChangeAsync(HttpContext context, Func<Project, Project> change)
    {
        var id = RouteId.Of(context);
        return ApiJson.Ok(ProjectView.Of(await projects.UpdateAsync(id, change, context.RequestAborted) ?? throw NotFound(id)));
    }

    private async Task<IResult> UsageAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        Visitor.Of(context).CheckProject(id, "id");
        var project = await projects.FindAsync(id, context.RequestAborted) ?? throw NotFound(id);
        var month = UtcMonth.Of(time.GetUtcNow());
        return ApiJson.Ok(ProjectUsageView.Of(
            project, (await plans.ReadAsync(context.RequestAborted)).Find(project.Plan), month, await catalog.ReadAsync(context.RequestAborted),
            await ledger.ConsumedAsync(month, context.RequestAborted)));
    }

    private async Task<IResult> ListPlansAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        var seen = (await projects.ListAsync(context.RequestAborted)).Where(p => visitor.MaySee(p.Id)).ToList();
        var book = await plans.ReadAsync(context.RequestAborted);
        return ApiJson.Ok(new PlanList("list", [.. book.Plans.Where(p => visitor.IsAdmin || seen.Any(s => s.Plan == p.Id)).Select(p => PlanView.Of(p, seen))]));
    }

    private static string CheckName(string? name)
    {
        var trimmed = name?.Trim() ?? "";
        return trimmed.Length is > 0 and <= ProjectStore.NameLengthMax && !trimmed.Any(char.IsControl)
            ? trimmed
            : throw Invalid("invalid_name", $"Give the project a name of 1 to {ProjectStore.NameLengthMax} characters.", "name");
    }

    private async Task<string?> CheckPlanAsync(string? id, CancellationToken cancellationToken)
    {
        if (id is null or Plan.Unlimited)
        {
            return null;
        }
        var book = await plans.ReadAsync(cancellationToken);
        return book.Find(id) is not null
            ? id
            : throw new ApiException(
                StatusCodes.Status404NotFound, "plan_not_found",
                $"There is no plan '{id}'. Choose one of these: {string.Join(", ", [.. book.Plans.Select(p => p.Id), Plan.Unlimited])}.", "plan");
    }

    private static ApiException Invalid(string code, string message, string param) => new(StatusCodes.Status400BadRequest, code, message, param);

    /// <param name="Id">Stands in usage records for ever; default: made of the name.</param>
    /// <param name="Plan">A plan's id; default: unlimited.</param>
    private sealed record NewProject(string? Name, string? Id = null, string? Plan = null);

    /// <param name="Plan">A plan's id, or unlimited.</param>
    private sealed record ProjectChange(string? Name = null, string? Plan = null);

    private sealed record ProjectList(string Object, IReadOnlyList<ProjectView> Data);

    private sealed record PlanList(string Object, IReadOnlyList<PlanView> Data);
}
