using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Projects;

namespace Podvirt.Api;

/// <summary><c>POST /api/catalog?dry_run=true</c>: the text of a <c>podvirt.yaml</c> becomes the catalog and the plans, or is only compared with them.</summary>
internal sealed class CatalogEndpoints(AccessGate gate, CatalogFile file)
{
    /// <summary>Ten thousand models.</summary>
    private const int BodyBytesMax = 8 << 20;

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapPost("/catalog", (Delegate)ApplyAsync), Entry.Admin).Describe(
        new ApiOperation("Apply the models and plans of a podvirt.yaml")
        {
            Query = [new("dry_run", "Only say what would change", "boolean"), new("name", "The file's name, for its errors")],
            BodyContentType = "application/yaml",
            Answer = typeof(AppliedView),
            Refusals = [400, 413],
        });

    private async Task<IResult> ApplyAsync(HttpContext context)
    {
        var isDryRun = ApiQuery.Flag(context, "dry_run");
        var text = await ReadAsync(context);
        FileOutcome outcome;
        try
        {
            outcome = await file.ApplyAsync(text, ApiQuery.Text(context, "name") ?? "podvirt.yaml", isDryRun, context.RequestAborted);
        }
        catch (PodvirtConfigException invalid)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "invalid_catalog", invalid.Message);
        }
        return ApiJson.Ok(View(outcome, isDryRun));
    }

    private static AppliedView View(FileOutcome outcome, bool isDryRun)
    {
        var (before, diff, plans, warnings) = outcome;
        ChangeView Change(string id)
        {
            var model = diff.Next.Find(id)!;
            return new ChangeView(id, model.Revision, before.Find(id) is { } old ? FieldChange.Between(old, model) : []);
        }
        return new AppliedView(
            isDryRun, diff.Next.Revision, diff.Added, [.. diff.Changed.Select(Change)], [.. diff.Repriced.Select(Change)], diff.Removed,
            new AppliedPlansView(plans.Next.Revision, plans.Added, plans.Changed, plans.Removed), warnings);
    }

    private static async Task<string> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        var part = new byte[64 * 1024];
        int length;
        while ((length = await context.Request.Body.ReadAsync(part, context.RequestAborted)) > 0)
        {
            body.Write(part, 0, length);
            if (body.Length > BodyBytesMax)
            {
                throw new ApiException(StatusCodes.Status413PayloadTooLarge, "body_too_large", $"The body is larger than {BodyBytesMax} bytes.");
            }
        }
        return Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length);
    }

    /// <param name="Revision">The catalog's, afterwards.</param>
    /// <param name="Changed">Models that get a new revision; their replicas are replaced.</param>
    /// <param name="Repriced">Models whose price alone is different: a new rate from now on.</param>
    /// <param name="Removed">Models that drain and go.</param>
    private sealed record AppliedView(
        bool DryRun, long Revision, IReadOnlyList<string> Added, IReadOnlyList<ChangeView> Changed, IReadOnlyList<ChangeView> Repriced,
        IReadOnlyList<string> Removed, AppliedPlansView Plans, IReadOnlyList<string> Warnings);

    /// <param name="Revision">The plans', afterwards.</param>
    private sealed record AppliedPlansView(long Revision, IReadOnlyList<string> Added, IReadOnlyList<PlanChange> Changed, IReadOnlyList<string> Removed);

    private sealed record ChangeView(string Id, int Revision, IReadOnlyList<FieldChange> Fields);
}
