//! Keys of sources of knowledge and of their texts.

use aiva_core::id::{ProjectId, SourceId, WorkspaceId};

use super::{Key, Span, place, tenant};

/// A source of knowledge, without its text.
pub(in crate::dynamo) fn source(workspace: WorkspaceId, project: ProjectId, id: SourceId) -> Key {
    Key::new(format!("{}#S", place(workspace, project)), id.bare())
}

/// A project's sources.
pub(in crate::dynamo) fn sources(workspace: WorkspaceId, project: ProjectId) -> Span {
    Span::whole(format!("{}#S", place(workspace, project)))
}

/// The source that a row names.
pub(in crate::dynamo) fn parse_source(key: &Key) -> Option<(WorkspaceId, ProjectId, SourceId)> {
    let (workspace, rest) = key.partition.strip_prefix("W#")?.split_once("#P#")?;
    let project = rest.strip_suffix("#S")?;
    Some((
        WorkspaceId::from_bare(workspace)?,
        ProjectId::from_bare(project)?,
        SourceId::from_bare(&key.sort)?,
    ))
}

/// A part of a source's text.
pub(in crate::dynamo) fn source_text(
    workspace: WorkspaceId,
    project: ProjectId,
    id: SourceId,
    part: usize,
) -> Key {
    let partition = format!("{}#T", place(workspace, project));
    Key::new(partition, format!("{}#{part:03}", id.bare()))
}

/// The texts of a project's sources.
pub(in crate::dynamo) fn source_texts(workspace: WorkspaceId, project: ProjectId) -> Span {
    Span::whole(format!("{}#T", place(workspace, project)))
}

/// The source whose text a row holds.
pub(in crate::dynamo) fn parse_source_text(key: &Key) -> Option<SourceId> {
    SourceId::from_bare(key.sort.split_once('#')?.0)
}

/// The counter of characters of knowledge that a workspace added on a day (`yyyymmdd`).
pub(in crate::dynamo) fn characters(workspace: WorkspaceId, day: u32) -> Key {
    Key::new(tenant(workspace), format!("C#{day}"))
}
