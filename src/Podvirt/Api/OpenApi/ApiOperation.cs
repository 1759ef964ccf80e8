using Microsoft.AspNetCore.Builder;

namespace Podvirt.Api.OpenApi;

/// <summary>What <c>/openapi/v1.json</c> says of one call. Metadata of its endpoint.</summary>
/// <param name="Summary">One line.</param>
internal sealed record ApiOperation(string Summary)
{
    /// <summary>Null: the endpoint's own pattern.</summary>
    public string? Path { get; init; }

    public IReadOnlyList<ApiParam> Query { get; init; } = [];

    /// <summary>The JSON that it takes; null: none.</summary>
    public Type? Body { get; init; }

    /// <summary>The type of another body than JSON.</summary>
    public string? BodyContentType { get; init; }

    /// <summary>The JSON that it answers; null: another content, or none.</summary>
    public Type? Answer { get; init; }

    /// <summary>The type of another answer than JSON.</summary>
    public string? ContentType { get; init; }

    public int Status { get; init; } = 200;

    /// <summary>Statuses of refusals besides 401, all in the shape of errors.</summary>
    public IReadOnlyList<int> Refusals { get; init; } = [];

    /// <summary>Needs no admin credential.</summary>
    public bool IsOpen { get; init; }
}

/// <param name="Type">string, integer or boolean.</param>
internal sealed record ApiParam(string Name, string Description, string Type = "string");

internal static class ApiOperations
{
    public static TBuilder Describe<TBuilder>(this TBuilder endpoint, params ApiOperation[] operations)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata([.. operations]);
}
