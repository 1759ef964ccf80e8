using System.Text.Json;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Schemas;

namespace Podvirt.Simulator.Tests.Schemas;

public sealed class SchemaWriterTests
{
    [Theory]
    [InlineData("""{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":120}},"required":["name","age"],"additionalProperties":false}""")]
    [InlineData("""{"type":"array","items":{"enum":["a","b",3,null]},"minItems":2,"maxItems":4}""")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":false,"minItems":2}""")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}""")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.00000000000000000001}""")]
    [InlineData("""{"type":"integer","minimum":1000000000000000000}""")]
    [InlineData("""{"type":"number","multipleOf":0.25,"minimum":0.1,"maximum":0.6}""")]
    [InlineData("""{"type":"integer","multipleOf":7,"minimum":-20,"exclusiveMaximum":0}""")]
    [InlineData("""{"type":"integer","maximum":-500}""")]
    [InlineData("""{"type":"integer","exclusiveMinimum":4,"exclusiveMaximum":6}""")]
    [InlineData("""{"type":"integer","minimum":4,"exclusiveMinimum":true,"maximum":6,"exclusiveMaximum":true}""")]
    [InlineData("""{"type":"string","minLength":30,"maxLength":34}""")]
    [InlineData("""{"type":"string","maxLength":2}""")]
    [InlineData("""{"type":"string","format":"email","pattern":"^[^@]+@[^@]+[.][a-z]+$"}""")]
    [InlineData("""{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}""")]
    [InlineData("""{"type":["null","boolean"]}""")]
    [InlineData("""{"const":{"a":[1,"x"]}}""")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"null"}]}""")]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"kind":{"const":"cat"},"lives":{"type":"integer"}},"required":["kind","lives"]},{"type":"object","properties":{"kind":{"const":"dog"}},"required":["kind"]}]}""")]
    [InlineData("""{"allOf":[{"type":"object","properties":{"a":{"type":"integer","minimum":5}},"required":["a"]},{"properties":{"a":{"maximum":6},"b":{"type":"string"}},"required":["b"]}]}""")]
    [InlineData("""{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"value":{"type":"string"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["value","next"]}}}""")]
    [InlineData("""{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#"}}},"required":["children"]}""")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"},"minProperties":3}""")]
    [InlineData("""{"type":"object","required":["x","y"]}""")]
    [InlineData("""{"properties":{"nested":{"properties":{"deep":{"items":{"type":"string"}}}}}}""")]
    [InlineData("{}")]
    [InlineData("true")]
    public void Value_IsValidForItsSchema(string schema)
    {
        var read = Schema.Read(JsonDocument.Parse(schema).RootElement, "x");
        var topic = Topic.Read("", ["What is the weather in Paris and in \"São Paulo\"?"]);
        for (var seed = 0UL; seed < 50; seed++)
        {
            var value = new SchemaWriter(read, topic, new Chooser(seed, seed, 1)).Write();
            Assert.True(SchemaJudge.IsValid(schema, value), value);
        }
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"patternProperties":{}}}}""")]
    [InlineData("""{"type":"array","uniqueItems":true}""")]
    [InlineData("""{"anyOf":[{"type":"string"},{"not":{"type":"string"}}]}""")]
    [InlineData("""{"type":"string","pattern":"^Zebra[0-9]{9}$"}""")]
    [InlineData("""{"type":"string","pattern":"("}""")]
    [InlineData("""{"$ref":"#/$defs/gone"}""")]
    [InlineData("""{"$ref":"https://example.org/schema"}""")]
    [InlineData("""{"$ref":"#"}""")]
    [InlineData("""{"type":"object","properties":{"again":{"$ref":"#"}},"required":["again"]}""")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""")]
    [InlineData("""{"type":"number","exclusiveMinimum":5,"maximum":5}""")]
    [InlineData("[]")]
    public void WhatCannotBeWritten_IsRefusedBeforeAnyOutput(string schema) =>
        Assert.Throws<RequestException>(() => Schema.Read(JsonDocument.Parse(schema).RootElement, "x"));

    [Fact]
    public void Strings_AreNamesOfTheQuestion()
    {
        var schema = Schema.Read(JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""").RootElement, "x");
        Assert.Equal("""{"city": "Paris"}""", new SchemaWriter(schema, Topic.Read("", ["What is the weather in Paris?"]), new Chooser(1, 0, 0)).Write());
    }
}
