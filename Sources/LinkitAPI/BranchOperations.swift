import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// Branches: create, list, read, change, archive.
extension LinkitAPI {
    static let branchOperations: [APIOperation] = [
        write(
            OperationDescription(
                id: "createBranch", method: .post, path: "/api/v1/branches", summary: "Create a branch",
                description: "It has a SKU of every product at once.", tag: "Branches",
                idempotency: .optional, request: .json(BranchCreate.self, examples: [branchExample]),
                responses: [ResponseDescription(201, "The branch.", body: .json(BranchView.self))],
                errors: [
                    ErrorDescription(
                        409, "The iv_id is taken, or a SKU would have another's.",
                        codes: ["code_taken", "joint_name_taken", "idempotency_key_reused"])
                ])
        ) { call throws(Refusal) in
            let document = try call.document()
            let body = try call.decode(BranchCreate.self, from: document)
            return call.write(
                .createLocation(body.draft), document, render: call.renderBranch(status: 201, body.ivID))
        },
        read(
            OperationDescription(
                id: "listBranches", method: .get, path: "/api/v1/branches", summary: "List branches",
                description: "In the order in which they were created.", tag: "Branches",
                parameters: ParameterList(CataloguePageQuery.self),
                responses: [
                    ResponseDescription(200, "A page of branches.", body: .json(NumberedPage<BranchView>.self))
                ])
        ) { call throws(Refusal) in try call.listBranches() },
        read(
            OperationDescription(
                id: "getBranch", method: .get, path: "/api/v1/branches/code/{ivId}", summary: "Read a branch",
                tag: "Branches", parameters: ParameterList(BranchPath.self),
                responses: [ResponseDescription(200, "The branch.", body: .json(BranchView.self))],
                errors: [branchNotFound])
        ) { call throws(Refusal) in try call.getBranch() },
        write(
            OperationDescription(
                id: "updateBranch", method: .put, path: "/api/v1/branches/code/{ivId}",
                summary: "Change a branch", description: "Changes what is sent and leaves the rest.",
                tag: "Branches", idempotency: .optional, parameters: ParameterList(BranchPath.self),
                request: .json(BranchUpdate.self, examples: [branchUpdateExample]),
                responses: [ResponseDescription(200, "The branch as it is now.", body: .json(BranchView.self))],
                errors: [
                    branchNotFound,
                    ErrorDescription(
                        409, "It can't be changed.", codes: ["location_archived", "idempotency_key_reused"]),
                ])
        ) { call throws(Refusal) in
            let path = try call.parameters(BranchPath.self)
            let document = try call.document()
            let body = try call.decode(BranchUpdate.self, from: document)
            let reference = path.location.reference
            try call.checkUnchanged(body.ivID) { $0.location(reference)?.code }
            return call.write(
                .updateLocation(reference, body.changes), document,
                render: call.renderBranch(status: 200, call.ivID))
        },
        write(
            OperationDescription(
                id: "archiveBranch", method: .delete, path: "/api/v1/branches/code/{ivId}",
                summary: "Archive a branch",
                description:
                    """
                    Its stock must be 0, and it must not be the ledger's default location. Its SKUs go, its history \
                    stays.
                    """,
                tag: "Branches", idempotency: .optional, parameters: ParameterList(BranchPath.self),
                responses: [ResponseDescription(200, "The branch as it is now.", body: .json(BranchView.self))],
                errors: [
                    branchNotFound,
                    ErrorDescription(
                        409, "It can't be archived.",
                        codes: [
                            "location_archived", "location_has_stock", "default_location_required",
                            "idempotency_key_reused",
                        ]),
                ])
        ) { call throws(Refusal) in
            let path = try call.parameters(BranchPath.self)
            return call.write(
                .archiveLocation(path.location.reference), try call.emptyDocument(),
                render: call.renderBranch(status: 200, call.ivID))
        },
    ]

    private static let branchExample = NamedExample(
        "branch", json: #"{"iv_id": "STORE-001", "name": "Harbour Street", "time_zone": "Europe/London"}"#)

    private static let branchUpdateExample = NamedExample(
        "change", json: #"{"name": "Harbour Street 4", "address": null}"#)

    private static let branchNotFound = ErrorDescription(
        404, "No such branch.", codes: ["location_not_found"],
        examples: [
            NamedExample(
                "missing",
                json: #"{"code": 404, "error": "Branch not found", "details": {"iv_id": "NOWHERE"}}"#)
        ])
}
