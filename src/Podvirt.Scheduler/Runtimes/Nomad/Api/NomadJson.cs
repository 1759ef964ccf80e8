using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Podvirt.Scheduler.Runtimes.Nomad.Api;

[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(List<JobStub>))]
[JsonSerializable(typeof(JobRegisterRequest))]
[JsonSerializable(typeof(JobRegisterAnswer))]
[JsonSerializable(typeof(JobParseRequest))]
[JsonSerializable(typeof(Variable))]
[JsonSerializable(typeof(Evaluation))]
[JsonSerializable(typeof(List<Evaluation>))]
[JsonSerializable(typeof(Allocation))]
[JsonSerializable(typeof(List<Allocation>))]
[JsonSerializable(typeof(List<NodeStub>))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(EventLine))]
internal sealed partial class NomadJson : JsonSerializerContext;
