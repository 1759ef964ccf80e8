using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.Hcl;

/// <summary><c>variable</c> blocks: type, default, description.</summary>
internal static class JobVariables
{
    private static readonly HclScope s_nothing = new(new Dictionary<string, JsonObject>());

    public static IReadOnlyList<JobVariable> Declared(HclBody file) =>
    [
        .. Blocks(file).Select(static b => new JobVariable(
            b.Labels[0],
            Find(b, "description")?.Value.Evaluate(s_nothing)?.GetValue<string>(),
            Find(b, "default") is null)),
    ];

    /// <summary>Declared variables with a value: the assigned one, else the default.</summary>
    public static JsonObject Read(HclBody file, HclBody assignments)
    {
        var values = new JsonObject();
        foreach (var block in Blocks(file))
        {
            foreach (var nested in block.Body.Blocks)
            {
                throw JobFile.Unexpected(nested);
            }
            foreach (var attribute in block.Body.Attributes.Where(static a => a.Name is not ("type" or "default" or "description")))
            {
                throw JobFile.Unexpected(attribute);
            }
            var given = assignments.Attributes.FirstOrDefault(a => a.Name == block.Labels[0]) ?? Find(block, "default");
            if (given is not null)
            {
                values[block.Labels[0]] = Convert(given, Find(block, "type")?.Value);
            }
        }
        return values;
    }

    private static HclBlock[] Blocks(HclBody file)
    {
        var blocks = file.Blocks.Where(static b => b.Type == "variable").ToArray();
        foreach (var block in blocks.Where(static b => b.Labels.Count != 1))
        {
            throw new HclException(block.At, "Missing name for variable", "All variable blocks must have 1 label (name).");
        }
        foreach (var twice in blocks.GroupBy(static b => b.Labels[0]).Where(static g => g.Count() > 1))
        {
            throw new HclException(twice.Last().At, "Duplicate variable", $"Duplicate {twice.Key} variable definition found.");
        }
        return blocks;
    }

    private static HclAttribute? Find(HclBlock block, string name) => block.Body.Attributes.FirstOrDefault(a => a.Name == name);

    private static JsonNode? Convert(HclAttribute given, HclExpression? type)
    {
        var value = given.Value.Evaluate(s_nothing);
        var fits = (type, value) switch
        {
            (null or HclName { Root: "any" }, _) or (_, null) => true,
            (HclName { Root: "string" }, JsonValue v) => v.GetValueKind() == System.Text.Json.JsonValueKind.String,
            (HclName { Root: "number" }, _) => HclNumber.TryGet(value, out _),
            (HclName { Root: "bool" }, JsonValue v) => v.TryGetValue(out bool _),
            (HclCall { Function: "list" or "set" or "tuple" }, JsonArray) => true,
            (HclCall { Function: "map" or "object" }, JsonObject) => true,
            _ => false,
        };
        return fits ? value : throw new HclException(
            given.At, "Invalid value for variable", $"The value for {given.Name} is not compatible with the variable's type constraint.");
    }
}
