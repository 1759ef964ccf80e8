using System.Buffers;
using System.Text.Json;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Messaging.Nats.Contracts;

namespace Podvirt.Messaging.Tests.Nats.Contracts;

/// <summary>
/// The bytes below are what processes in the field send and expect. A change of them must be an addition at the end of a
/// contract, or a new major version.
/// </summary>
public sealed class MessageContractTests
{
    private const string RoutesBytes =
        "9401010291989BA3612F62A176A16E039B01A17792A32D2D78A13181A14BA15691A163A22F72AC687474703A2F2F683A312F70A173A145CE01C9C380"
        + "CE02625A009202039304050692CE042C1D80CE04C4B40095A4302E3035A8302E303130303030A3312E32A3302E33A1349491A331783291A3322E35A1"
        + "381809019199A172AA687474703A2F2F613A31A36B6579A17309060492A26731A26732A44831303094A777656967687473CF08DE49AB971E74E0CF08"
        + "DE49AB97B70B600A93A4636F6465A3776879CF08DE49AB984FA1E00B0C0D";
    private const string FleetBytes =
        "95010304919AA2673101A46E6F6465A448313030C3502814A172C3919EA172A3612F620906CF08DE49AB971E74E0CF08DE49AB94238460A570686173"
        + "6591A26731A448313030150204A377687916";
    private const string TransitionBytes = "9F010506CF08DE49AB971E74E0A3612F6209A17291A2673103A5536C6565700503A37768791795A3632F6491A2673118191A";
    private const string ReportBytes = "9601A2677707089194A3612F620102039192A17204";
    private const string TroubleBytes = "9701A26777A3612F62A17202A673696C656E7405";

    [Fact]
    public void Routes_AreWrittenAndReadAsTheyWere() => CheckGolden(SampleMessages.Routes, RoutesBytes);

    [Fact]
    public void Fleet_IsWrittenAndReadAsItWas() => CheckGolden(SampleMessages.Fleet, FleetBytes);

    [Fact]
    public void Transition_IsWrittenAndReadAsItWas() => CheckGolden(SampleMessages.Transition, TransitionBytes);

    [Fact]
    public void Report_IsWrittenAndReadAsItWas() => CheckGolden(SampleMessages.Report, ReportBytes);

    [Fact]
    public void Trouble_IsWrittenAndReadAsItWas() => CheckGolden(SampleMessages.Trouble, TroubleBytes);

    [Fact]
    public void EverySubject_HasAContract() =>
        Assert.All(
            typeof(Subjects).GetProperties().Select(subject => subject.PropertyType.GetGenericArguments()[0]),
            message => Assert.NotNull(typeof(MessageContracts).GetMethod(nameof(MessageContracts.Of))!.MakeGenericMethod(message).Invoke(null, null)));

    [Fact]
    public void OlderSender_LeavesFieldsAtTheirDefaults()
    {
        // Of a trouble: [version, gateway, model].
        var trouble = MessageContracts.Of<ReplicaTrouble>().Read(Bytes("93 01 A2 6777 A3 612F62"));
        Assert.Equal(new ReplicaTrouble("gw", "a/b", "", TroubleKind.BadResponse, "", 1), trouble);

        // Of a table: a model with its id, vendor, name and type alone, and no word of its replicas.
        var route = Assert.Single(MessageContracts.Of<RouteTable>().Read(Bytes("94 01 07 08 91 92 94 A1 61 A0 A1 6E 00 02")).Models);
        Assert.Equal((ModelStatus.Active, 0, 0), (route.Status, route.Replicas.Count, route.FailedReplicas));
        Assert.Equal(
            Show(new ModelSpec { Id = "a", Name = "n", Type = ModelType.Chat, Engine = new EngineSpec { Kind = EngineKind.Command } }),
            Show(route.Model));
    }

    [Fact]
    public void NewerSender_IsReadWithoutWhatItAdds()
    {
        // Of a report: a demand with a fifth field, a load with a map, and two further fields of its own.
        var report = MessageContracts.Of<GatewayReport>().Read(
            Bytes("98 01 A2 6777 07 08 91 95 A3 612F62 01 02 03 C0 91 93 A1 72 04 81 A1 78 92 01 02 A1 79 CB 3FF8000000000000"));

        Assert.Equal(Show(SampleMessages.Report), Show(report));
    }

    [Fact]
    public void StateThatOnlyANewerSenderKnows_TakesNoRequests()
    {
        var bytes = Write(SampleMessages.Routes);
        // The state stands before the list of gpus.
        var state = bytes.AsSpan().IndexOf(Bytes("04 92 A2 6731"));
        bytes[state] = 0x7f;

        var replica = MessageContracts.Of<RouteTable>().Read(bytes).Models[0].Replicas[0];

        Assert.Equal((ReplicaState.Placing, false), (replica.State, replica.Admits));
    }

    [Fact]
    public void ModelOfATypeThatOnlyANewerSenderKnows_IsLeftOut()
    {
        var older = new ModelRoute { Model = SampleMessages.Model with { Id = "known" }, Status = ModelStatus.Cold };
        var newer = new ModelRoute { Model = SampleMessages.Model with { Id = "other", Type = (ModelType)99 }, Status = ModelStatus.Cold };

        var table = MessageContracts.Of<RouteTable>().Read(Write(new RouteTable(1, 1, [newer, older])));

        Assert.Equal("known", Assert.Single(table.Models).Model.Id);
    }

    [Fact]
    public void NewerMajorVersion_IsRefused() =>
        Assert.Equal(2, Assert.Throws<NewerVersionException>(() => MessageContracts.Of<ReplicaTrouble>().Read(Bytes("93 02 A2 6777 A3 612F62"))).Written);

    [Fact]
    public void PartOfAMessage_IsRefusedWhereverItEnds()
    {
        var bytes = Write(SampleMessages.Routes);

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => MessageContracts.Of<RouteTable>().Read(bytes.AsMemory(0, length)));
        }
    }

    [Theory]
    [InlineData("A2 6777")]
    [InlineData("92 01 07")]
    [InlineData("92 A1 61 07")]
    [InlineData("1F 8B 08 00 00")]
    public void SomethingElse_IsRefused(string bytes) =>
        Assert.Throws<InvalidDataException>(() => MessageContracts.Of<ReplicaTrouble>().Read(Bytes(bytes)));

    /// <summary>The server's own default limit is a megabyte.</summary>
    [Fact]
    public void TenThousandModels_FitIntoOneMessage()
    {
        var random = new Random(1);
        var table = new RouteTable(1, 1, [.. Enumerable.Range(0, 10_000).Select(i => new ModelRoute
        {
            Model = SampleMessages.Model with { Id = $"vendor-{i % 50}/model-{i}", Name = $"Model {i}", Revision = i % 7 },
            Status = ModelStatus.Active,
            // One in ten runs, each with a key of its own, which cannot be compressed.
            Replicas = i % 10 > 0
                ? []
                : [new ReplicaRoute($"r{random.NextInt64():x}", $"http://10.0.{i % 250}.{i % 199}:{20_000 + i}", Key(random), "model", 1, 64, ReplicaState.Active, [$"GPU-{random.NextInt64():x16}"], "H100")],
        })]);

        var bytes = Write(table);

        Assert.InRange(bytes.Length, 1, 1024 * 1024);
        Assert.Equal(Show(table), Show(MessageContracts.Of<RouteTable>().Read(bytes)));
        TestContext.Current.TestOutputHelper!.WriteLine($"{bytes.Length} bytes");
    }

    private static void CheckGolden<T>(T message, string golden)
        where T : class
    {
        Assert.Equal(golden, Convert.ToHexString(Write(message)));
        Assert.Equal(Show(message), Show(MessageContracts.Of<T>().Read(Convert.FromHexString(golden))));
    }

    private static byte[] Write<T>(T message)
        where T : class
    {
        var buffer = new ArrayBufferWriter<byte>();
        MessageContracts.Of<T>().Write(buffer, message);
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static string Show<T>(T message) => JsonSerializer.Serialize(message);

    private static string Key(Random random)
    {
        var key = new byte[32];
        random.NextBytes(key);
        return Convert.ToBase64String(key);
    }
}
