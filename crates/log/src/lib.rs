//! Records and tree on fjall, anchor, truth at opening
