using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.Hcl;

/// <summary>
/// A job file in HCL, as <c>/v1/jobs/parse</c> reads it. Only the blocks and functions that job files of this repository use
/// are known; like Nomad it refuses any other. Runtime names (<c>${node.unique.id}</c>, <c>${NOMAD_PORT_http}</c>) stay as text.
/// </summary>
public static class JobFile
{
    /// <summary>The job as Nomad's JSON, absent values null, without defaults.</summary>
    /// <param name="variables">Assignments in HCL, <c>name = value</c> a line; null: none. Names that the file does not declare are ignored.</param>
    /// <exception cref="HclException">The file or the variables cannot be read.</exception>
    public static JsonObject Parse(string hcl, string? variables = null)
    {
        var body = HclParser.Parse(hcl);
        var scope = new HclScope(new Dictionary<string, JsonObject>());
        foreach (var attribute in body.Attributes)
        {
            throw Unexpected(attribute);
        }
        scope = scope.With("var", JobVariables.Read(body, HclParser.Parse(variables ?? "")));
        scope = scope.With("local", Locals(body, scope));
        foreach (var block in body.Blocks.Where(static b => b.Type is not ("job" or "variable" or "locals")))
        {
            throw Unexpected(block);
        }
        var jobs = body.Blocks.Where(static b => b.Type == "job").ToArray();
        return jobs.Length switch
        {
            0 => throw new HclException(new HclPosition(1, 1), "Missing job block", "A job block is required"),
            1 => new JobReader(scope).Read(jobs[0]),
            _ => throw new HclException(jobs[1].At, "Duplicate job block", "Only one block of type \"job\" is allowed."),
        };
    }

    /// <summary>The variables that a file declares: name, description (null: none), and whether a value must be given.</summary>
    public static IReadOnlyList<JobVariable> Variables(string hcl) => JobVariables.Declared(HclParser.Parse(hcl));

    internal static HclException Unexpected(HclAttribute attribute) =>
        new(attribute.At, "Unsupported argument", $"An argument named \"{attribute.Name}\" is not expected here.");

    internal static HclException Unexpected(HclBlock block) =>
        new(block.At, "Unsupported block type", $"Blocks of type \"{block.Type}\" are not expected here.");

    private static JsonObject Locals(HclBody body, HclScope scope)
    {
        var locals = new JsonObject();
        foreach (var attribute in body.Blocks.Where(static b => b.Type == "locals").SelectMany(static b => b.Body.Attributes))
        {
            locals[attribute.Name] = attribute.Value.Evaluate(scope.With("local", locals));
        }
        return locals;
    }
}

/// <param name="Required">It has no default.</param>
public sealed record JobVariable(string Name, string? Description, bool Required);
